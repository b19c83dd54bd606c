package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"

	"larder/model"
	"larder/model/engine"
	"larder/model/engine/native"
	"larder/model/quantize"
	"larder/model/tensor"
)

// quantised lists the nets of integers that are made of others: as ONNX, and
// those with static ranges as .tflite too.
var quantised = []quantisedModel{
	{"mobilenetv2", "mobilenetv2_int8", "MobileNetV2, int8", ranged, true},
	{"mobilenetv2", "mobilenetv2_dynamic", "MobileNetV2, dynamic int8", quantize.Dynamic, false},
	{"resnet50", "resnet50_int8", "ResNet-50, int8", ranged, true},
}

// quantisedModel is one of them: the net it is made of, and how.
type quantisedModel struct {
	of, name, title string
	make            func(file []byte) ([]byte, error)
	static          bool // has ranges
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
	e := entry{Name: q.name, Title: q.title, Bytes: len(made), MACs: n.macs, Formats: onnxOnly, Tolerance: roundings}
	if q.static {
		most, err := largest(file)
		if err != nil {
			return entry{}, err
		}
		lite, err := encodeTFLiteInt8(n, made, 1.2*most)
		if err != nil {
			return entry{}, err
		}
		e.Formats = append(e.Formats, ".tflite")
		if err := os.WriteFile(filepath.Join(out, "nhwc", q.name+".tflite"), lite, 0o644); err != nil {
			return entry{}, err
		}
	}
	say(e)
	return e, os.WriteFile(filepath.Join(out, q.name+".onnx"), made, 0o644)
}

// sample is noise as the benchmark's input is.
func sample() map[string]*tensor.Tensor {
	r := rand.New(rand.NewPCG(3, 5))
	x := tensor.Must(tensor.New(tensor.Float32, 1, 3, 224, 224))
	for i := range tensor.Data[float32](x) {
		tensor.Data[float32](x)[i] = 2*r.Float32() - 1
	}
	return map[string]*tensor.Tensor{"input": x}
}

// ranged quantises by the ranges of one sample.
func ranged(file []byte) ([]byte, error) {
	q, err := quantize.New(file, quantize.Options{})
	if err != nil {
		return nil, err
	}
	defer q.Close()
	if err := q.Observe(context.Background(), sample()); err != nil {
		return nil, err
	}
	return q.Model()
}

// largest is the largest score of a net of floats for the sample, regardless of
// its sign.
func largest(file []byte) (float32, error) {
	host := native.New()
	defer host.Close()
	s, err := model.Load(file, model.Options{Engine: engine.Planned{Host: host}})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	out, err := s.Run(context.Background(), sample())
	if err != nil {
		return 0, err
	}
	most := float32(0)
	for _, v := range tensor.Data[float32](out["output"]) {
		most = max(most, v, -v)
	}
	return most, nil
}
