package main

import (
	"math"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// port is an input that is not the picture of all convolutional nets.
type port struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Dims []int  `json:"dims"`
	// Below bounds random integers; Ones is how many elements are 1 before the rest,
	// which is 0.
	Below int `json:"below,omitempty"`
	Ones  int `json:"ones,omitempty"`
}

// encoders lists the transformers of the benchmark. They are of batch 1.
var encoders = []struct {
	name, title string
	build       func(name string) (e *encoder, file []byte)
	inputs      []port
}{
	{"bert_tiny", "BERT-tiny, 128 tokens", bertTiny, text[:2]},
	{"minilm_l6", "MiniLM-L6, 128 tokens", miniLM, text},
	{"vit_tiny", "ViT-tiny", visionTiny, []port{{Name: "input", Type: "float32", Dims: []int{1, 3, 224, 224}}}},
}

const (
	words   = 30522 // of BERT's vocabulary
	tokens  = 128
	unmasks = 101 // tokens that are not padding
)

var text = []port{
	{Name: "input_ids", Type: "int64", Dims: []int{1, tokens}, Below: words},
	{Name: "attention_mask", Type: "int64", Dims: []int{1, tokens}, Ones: unmasks},
	{Name: "token_type_ids", Type: "int64", Dims: []int{1, tokens}},
}

// bertTiny is the smallest of https://arxiv.org/abs/1908.08962 with 77 intents, as old
// exporters write it: fixed sizes, everything step by step, -10000 where the mask is 0.
func bertTiny(name string) (*encoder, []byte) {
	e := newEncoder(name, opset, tokens, 128, 2)
	e.declare(text[:2], 1, tokens)
	mask := e.mask(-10000)
	x := e.join("Add", e.embed(), e.weight(0.0004, 1, tokens, e.width))
	x = e.bert(e.norm(e.join("Add", x, e.weight(0.0004, 1, tokens, e.width)), 1e-12), mask, 2)
	first := e.op("Gather", []string{x, e.index(0)}, onnxtest.Attr("axis", int64(1)))
	gemm := func(x string, out int) string {
		return e.op("Gemm", []string{x, e.weight(1/float64(e.width), out, e.width), e.weight(0.0004, out)}, onnxtest.Attr("transB", int64(1)))
	}
	const intents = 77
	return e, e.finish(gemm(e.join("Tanh", gemm(first, e.width)), intents), 1, intents)
}

// miniLM has the size of https://arxiv.org/abs/2002.10957 with six layers, as today's
// exporters write it for features: batch and sequence are free, sizes are computed
// in the graph, and the lowest float stands where the mask is 0.
func miniLM(name string) (*encoder, []byte) {
	e := newEncoder(name, 17, tokens, 384, 12)
	e.traced = true
	e.declare(text, "batch", "sequence")
	mask := e.mask(-math.MaxFloat32)
	types := e.op("Gather", []string{e.weight(0.0004, 2, e.width), "token_type_ids"})
	x := e.join("Add", e.embed(), types)
	at := e.longs("positions", upTo(512), 1, 512)
	at = e.join("Slice", at, e.integers(0), e.size("input_ids", 1), e.integers(1), e.integers(1))
	x = e.join("Add", x, e.op("Gather", []string{e.weight(0.0004, 512, e.width), at}))
	x = e.bert(e.norm(x, 1e-12), mask, 6)
	return e, e.finish(x, "batch", "sequence", e.width)
}

// visionTiny is DeiT's smallest, https://arxiv.org/abs/2012.12877: patches of 16x16, a
// class token, twelve layers that normalise first.
func visionTiny(name string) (*encoder, []byte) {
	const patches, layers = 14 * 14, 12
	e := newEncoder(name, 17, patches+1, 192, 3)
	e.g.Inputs = []*onnx.ValueInfo{onnxtest.Info("input", tensor.Float32, 1, 3, 224, 224)}
	two := onnxtest.Attr("strides", []int64{16, 16})
	e.macs += patches * 3 * 16 * 16 * e.width
	x := e.op("Conv", []string{"input", e.weight(1.0/(3*16*16), e.width, 3, 16, 16), e.weight(0.0004, e.width)}, onnxtest.Attr("kernel_shape", []int64{16, 16}), two)
	x = e.transpose(e.join("Reshape", x, e.integers(1, int64(e.width), patches)), 0, 2, 1)
	x = e.op("Concat", []string{e.weight(0.0004, 1, 1, e.width), x}, onnxtest.Attr("axis", int64(1)))
	x = e.join("Add", x, e.weight(0.0004, 1, e.tokens, e.width))
	for range layers {
		x = e.join("Add", x, e.joinedAttention(e.norm(x, 1e-6)))
		x = e.join("Add", x, e.feedForward(e.norm(x, 1e-6)))
	}
	first := e.op("Gather", []string{e.norm(x, 1e-6), e.index(0)}, onnxtest.Attr("axis", int64(1)))
	e.macs += e.width * classes
	y := e.op("Gemm", []string{first, e.weight(1/float64(e.width), classes, e.width), e.weight(0.0004, classes)}, onnxtest.Attr("transB", int64(1)))
	return e, e.finish(y, 1, classes)
}

// declare adds the inputs of a text.
func (e *encoder) declare(ports []port, dims ...any) {
	for _, p := range ports {
		e.g.Inputs = append(e.g.Inputs, onnxtest.Info(p.Name, tensor.Int64, dims...))
	}
}

// mask turns the attention mask into what is added to all scores: 0 or low.
func (e *encoder) mask(low float64) string {
	m := e.join("Unsqueeze", "attention_mask", e.integers(1))
	m = e.join("Unsqueeze", m, e.integers(2))
	m = e.op("Cast", []string{m}, onnxtest.Attr("to", int64(1)))
	return e.join("Mul", e.join("Sub", e.number(1), m), e.number(low))
}

// embed looks the words up.
func (e *encoder) embed() string {
	return e.op("Gather", []string{e.weight(0.0004, words, e.width), "input_ids"})
}

// bert adds layers that normalise behind each residual.
func (e *encoder) bert(x, mask string, layers int) string {
	for range layers {
		x = e.norm(e.join("Add", e.selfAttention(x, mask), x), 1e-12)
		x = e.norm(e.join("Add", e.feedForward(x), x), 1e-12)
	}
	return x
}

// upTo counts from 0.
func upTo(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(i)
	}
	return list
}
