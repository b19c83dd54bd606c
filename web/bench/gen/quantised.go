package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"

	"larder/model/quantize"
	"larder/model/tensor"
)

// quantised lists the nets of integers that are made of others. They are ONNX
// only, for the engines that read it.
var quantised = []quantisedModel{
	{"mobilenetv2", "mobilenetv2_int8", "MobileNetV2, int8", static},
	{"mobilenetv2", "mobilenetv2_dynamic", "MobileNetV2, dynamic int8", quantize.Dynamic},
	{"resnet50", "resnet50_int8", "ResNet-50, int8", static},
}

// quantisedModel is one of them: the net it is made of, and how.
type quantisedModel struct {
	of, name, title string
	make            func(file []byte) ([]byte, error)
}

// roundings is how much the scores of engines may differ: a value in the middle
// between two integers becomes one here and the other there, and in nets with
// random weights everything behind follows.
const roundings = 0.2

func (q quantisedModel) write(out string, file []byte, n *net) (entry, error) {
	made, err := q.make(file)
	if err != nil {
		return entry{}, err
	}
	e := entry{Name: q.name, Title: q.title, Bytes: len(made), MACs: n.macs, ONNX: true, Tolerance: roundings}
	say(e)
	return e, os.WriteFile(filepath.Join(out, q.name+".onnx"), made, 0o644)
}

// static quantises by the ranges of one sample, noise as the benchmark's input is.
func static(file []byte) ([]byte, error) {
	q, err := quantize.New(file, quantize.Options{})
	if err != nil {
		return nil, err
	}
	defer q.Close()
	r := rand.New(rand.NewPCG(3, 5))
	x, err := tensor.New(tensor.Float32, 1, 3, 224, 224)
	if err != nil {
		return nil, err
	}
	for i := range tensor.Data[float32](x) {
		tensor.Data[float32](x)[i] = 2*r.Float32() - 1
	}
	if err := q.Observe(context.Background(), map[string]*tensor.Tensor{"input": x}); err != nil {
		return nil, err
	}
	return q.Model()
}
