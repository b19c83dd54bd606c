package main

import (
	"fmt"
	"math"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// encoder is a transformer under construction. It is written as ONNX only, node by
// node as exporters do, because what an engine finds in such graphs is half of what
// is measured.
type encoder struct {
	*net
	g      *onnx.Graph
	opset  int64
	tokens int // of a sequence
	width  int
	heads  int
	// traced says that sizes are computed in the graph, as in models whose batch and
	// sequence are not fixed.
	traced bool
	values int
}

func newEncoder(name string, opset int64, tokens, width, heads int) *encoder {
	return &encoder{net: newNet(name), g: &onnx.Graph{Name: name}, opset: opset, tokens: tokens, width: width, heads: heads}
}

// weight adds random numbers of the given variance.
func (e *encoder) weight(variance float64, shape ...int) string {
	count := 1
	for _, d := range shape {
		count *= d
	}
	return e.let(e.weights(count, variance), shape...)
}

// around adds random numbers near a centre.
func (e *encoder) around(centre float32, count int) string {
	list := e.weights(count, 0.0004)
	for i := range list {
		list[i] += centre
	}
	return e.let(list, count)
}

func (e *encoder) let(list []float32, shape ...int) string {
	e.values++
	return constant(e.g, fmt.Sprint("w", e.values), list, shape...)
}

// number adds a constant without dimensions.
func (e *encoder) number(v float64) string { return e.let([]float32{float32(v)}) }

// integers adds a list of integers.
func (e *encoder) integers(list ...int64) string {
	e.values++
	return e.longs(fmt.Sprint("i", e.values), list, len(list))
}

// index adds an integer without dimensions.
func (e *encoder) index(v int64) string {
	e.values++
	return e.longs(fmt.Sprint("i", e.values), []int64{v})
}

func (e *encoder) longs(name string, list []int64, shape ...int) string {
	e.g.Initializers = append(e.g.Initializers, &onnx.Tensor{Name: name, Data: tensor.Must(tensor.Of(list, shape...))})
	return name
}

// op appends a node with one result and returns its name.
func (e *encoder) op(typ string, in []string, attributes ...*onnx.Attribute) string {
	return e.ops(typ, 1, in, attributes...)[0]
}

func (e *encoder) ops(typ string, results int, in []string, attributes ...*onnx.Attribute) []string {
	var out []string
	for range results {
		e.values++
		out = append(out, fmt.Sprint("v", e.values))
	}
	e.g.Nodes = append(e.g.Nodes, onnxtest.Op(typ, in, out, attributes...))
	return out
}

// join is op for values, without attributes.
func (e *encoder) join(typ string, in ...string) string { return e.op(typ, in) }

// linear is x·W + b for all tokens.
func (e *encoder) linear(x string, in, out int) string {
	e.macs += e.tokens * in * out
	return e.join("Add", e.weight(0.0004, out), e.join("MatMul", x, e.weight(1/float64(in), in, out)))
}

// norm is a layer normalisation: one node since opset 17, before that its steps.
func (e *encoder) norm(x string, epsilon float64) string {
	gamma, beta := e.around(1, e.width), e.around(0, e.width)
	last := onnxtest.Attr("axis", int64(-1))
	if e.opset >= 17 {
		return e.op("LayerNormalization", []string{x, gamma, beta}, last, onnxtest.Attr("epsilon", float32(epsilon)))
	}
	mean := func(v string) string {
		return e.op("ReduceMean", []string{v}, onnxtest.Attr("axes", []int64{-1}))
	}
	apart := e.join("Sub", x, mean(x))
	spread := e.join("Sqrt", e.join("Add", mean(e.join("Pow", apart, e.number(2))), e.number(epsilon)))
	return e.join("Add", e.join("Mul", e.join("Div", apart, spread), gamma), beta)
}

// gelu is x/2·(1 + erf(x/√2)).
func (e *encoder) gelu(x string) string {
	erf := e.join("Erf", e.join("Div", x, e.number(math.Sqrt2)))
	return e.join("Mul", e.join("Mul", x, e.join("Add", erf, e.number(1))), e.number(0.5))
}

// size is the length of a dimension, computed in a run.
func (e *encoder) size(x string, dim int64) string {
	at := e.op("Gather", []string{e.join("Shape", x), e.index(dim)}, onnxtest.Attr("axis", int64(0)))
	return e.join("Unsqueeze", at, e.integers(0))
}

// shape is the target of a Reshape that keeps batch and tokens of x.
func (e *encoder) shape(x string, rest ...int64) string {
	if !e.traced {
		return e.integers(append([]int64{1, int64(e.tokens)}, rest...)...)
	}
	parts := []string{e.size(x, 0), e.size(x, 1)}
	for _, d := range rest {
		parts = append(parts, e.integers(d))
	}
	return e.op("Concat", parts, onnxtest.Attr("axis", int64(0)))
}

func (e *encoder) transpose(x string, perm ...int64) string {
	return e.op("Transpose", []string{x}, onnxtest.Attr("perm", perm))
}

// attend is softmax(q·kᵀ/√depth + mask)·v of values [batch, heads, tokens, depth],
// k already transposed, and back to one row for each token.
func (e *encoder) attend(q, k, v, mask string) string {
	depth := e.width / e.heads
	e.macs += 2 * e.tokens * e.tokens * e.width
	scores := e.join("Div", e.join("MatMul", q, k), e.number(math.Sqrt(float64(depth))))
	if mask != "" {
		scores = e.join("Add", scores, mask)
	}
	weights := e.op("Softmax", []string{scores}, onnxtest.Attr("axis", int64(3)))
	out := e.transpose(e.join("MatMul", weights, v), 0, 2, 1, 3)
	return e.join("Reshape", out, e.shape(out, int64(e.width)))
}

// selfAttention projects to queries, keys and values one by one, as BERT does.
func (e *encoder) selfAttention(x, mask string) string {
	head := func(perm ...int64) string {
		y := e.linear(x, e.width, e.width)
		return e.transpose(e.join("Reshape", y, e.shape(y, int64(e.heads), int64(e.width/e.heads))), perm...)
	}
	q, k, v := head(0, 2, 1, 3), head(0, 2, 3, 1), head(0, 2, 1, 3)
	return e.linear(e.attend(q, k, v, mask), e.width, e.width)
}

// joinedAttention projects to all three at once, as timm's vision transformers do.
func (e *encoder) joinedAttention(x string) string {
	depth := int64(e.width / e.heads)
	y := e.linear(x, e.width, 3*e.width)
	y = e.join("Reshape", y, e.integers(1, int64(e.tokens), 3, int64(e.heads), depth))
	y = e.transpose(y, 2, 0, 3, 1, 4)
	part := func(i int64) string {
		return e.op("Gather", []string{y, e.index(i)}, onnxtest.Attr("axis", int64(0)))
	}
	q, k, v := part(0), e.transpose(part(1), 0, 1, 3, 2), part(2)
	return e.linear(e.attend(q, k, v, ""), e.width, e.width)
}

func (e *encoder) feedForward(x string) string {
	return e.linear(e.gelu(e.linear(x, e.width, 4*e.width)), 4*e.width, e.width)
}

// finish names the output and returns the file.
func (e *encoder) finish(x string, dims ...any) []byte {
	e.g.Nodes = append(e.g.Nodes, onnxtest.Op("Identity", []string{x}, []string{"output"}))
	e.g.Outputs = []*onnx.ValueInfo{onnxtest.Info("output", tensor.Float32, dims...)}
	file := onnxtest.File(e.opset, e.g)
	file.Producer = "larder benchmark, random weights"
	return onnxtest.Model(file)
}
