package native_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/model/onnx"
	"larder/model/op"
	"larder/model/plan"
	"larder/model/tensor"
)

// attentionFamilies are random pieces of transformers.
var attentionFamilies = []family{
	{"attention with a mask", func(r *rand.Rand) *model {
		m, b, heads, tokens, depth := newModel(), 1+r.IntN(2), 1+r.IntN(3), size(r), 1+r.IntN(9)
		for _, name := range []string{"q", "k", "v"} {
			m.in(name, noise(r, b, tokens, heads*depth))
		}
		mask := []int{pick(r, 1, b), pick(r, 1, heads), pick(r, 1, tokens), tokens}
		m.in("mask", noise(r, mask[r.IntN(4):]...))
		m.let("s", tensor.Vector(int64(0), 0, int64(heads), int64(depth)))
		m.let("t", tensor.Vector(int64(0), 0, int64(heads*depth)))
		m.let("d", tensor.Scalar(float32(2)))
		m.add(node("Mul", "q d", "q0"), node("Reshape", "q0 s", "q1"), node("Transpose", "q1", "q2", ints("perm", 0, 2, 1, 3)),
			node("Reshape", "k s", "k1"), node("Transpose", "k1", "k2", ints("perm", 0, 2, 3, 1)), node("Div", "k2 d", "k3"),
			node("Reshape", "v s", "v1"), node("Transpose", "v1", "v2", ints("perm", 0, 2, 1, 3)),
			node("MatMul", "q2 k3", "a"), node("Add", pick(r, "a mask", "mask a"), "b"), node("Softmax", "b", "p"), node("MatMul", "p v2", "o"),
			node("Transpose", "o", "o1", ints("perm", 0, 2, 1, 3)), node("Reshape", "o1 t", "z"), node("Relu", "z", "y"))
		return m
	}},
	{"attention of one product", func(r *rand.Rand) *model {
		m, heads, tokens, depth := newModel(), 1+r.IntN(3), size(r), 4*(1+r.IntN(3))
		m.in("x", noise(r, 1+r.IntN(2), tokens, 5))
		m.let("w", noise(r, 5, 3*heads*depth))
		m.let("s", tensor.Vector(int64(0), 0, 3, int64(heads), int64(depth)))
		m.let("t", tensor.Vector(int64(0), 0, int64(heads*depth)))
		m.add(node("MatMul", "x w", "l"), node("Reshape", "l s", "l5"), node("Transpose", "l5", "u", ints("perm", 2, 0, 3, 1, 4)))
		if r.IntN(2) == 0 {
			for i, name := range []string{"q", "k", "v"} {
				m.let("i"+name, tensor.Scalar(int64(i)))
				m.add(node("Gather", "u i"+name, name))
			}
		} else {
			m.let("one", tensor.Vector[int64](0))
			m.add(node("Split", "u", "q1 k1 v1"), node("Squeeze", "q1 one", "q"), node("Squeeze", "k1 one", "k"), node("Squeeze", "v1 one", "v"))
		}
		m.add(node("Transpose", "k", "kt", ints("perm", 0, 1, 3, 2)), node("MatMul", "q kt", "a"), node("Softmax", "a", "p"), node("MatMul", "p v", "o"),
			node("Transpose", "o", "o1", ints("perm", 0, 2, 1, 3)), node("Reshape", "o1 t", "y"))
		return m
	}},
	{"Attention of opset 23", func(r *rand.Rand) *model {
		m, b, kv, group, rows, keys := newModel(), 1+r.IntN(2), 1+r.IntN(2), 1+r.IntN(2), size(r), size(r)
		m.opset = 23
		depth, width := 4*(1+r.IntN(2)), 4*(1+r.IntN(2))
		attrs := []*onnx.Attribute{integer("is_causal", 0)}
		if r.IntN(2) == 0 {
			m.in("q", noise(r, b, rows, kv*group*depth))
			m.in("k", noise(r, b, keys, kv*depth))
			m.in("v", noise(r, b, keys, kv*width))
			attrs = append(attrs, integer("q_num_heads", kv*group), integer("kv_num_heads", kv))
		} else {
			depth, width = depth-r.IntN(4), width-r.IntN(4)
			m.in("q", noise(r, b, kv*group, rows, depth))
			m.in("k", noise(r, b, kv, keys, depth))
			m.in("v", noise(r, b, kv, keys, width))
		}
		in := "q k v"
		switch r.IntN(3) {
		case 0:
			attrs[0] = integer("is_causal", 1)
		case 1:
			mask := noise(r, pick(r, 1, b), 1, pick(r, 1, rows), keys)
			for i := range tensor.Data[float32](mask) {
				if r.IntN(3) == 0 || i < keys && r.IntN(2) == 0 {
					tensor.Data[float32](mask)[i] = float32(math.Inf(-1))
				}
			}
			m.in("mask", mask)
			in += " mask"
		}
		m.add(node("Attention", in, "a", attrs...), node("Tanh", "a", "y"))
		return m
	}},
	{"com.microsoft.MultiHeadAttention", func(r *rand.Rand) *model {
		m, b, heads, rows, width := newModel(), 1+r.IntN(2), 1+r.IntN(3), size(r), 4*(1+r.IntN(2))
		for _, name := range []string{"q", "k", "v"} {
			m.in(name, noise(r, b, rows, heads*width))
		}
		m.let("b", noise(r, 3*heads*width))
		n := node("MultiHeadAttention", pick(r, "q k v", "q k v b"), "a", integer("num_heads", heads))
		n.Domain = "com.microsoft"
		m.add(n, node("Tanh", "a", "y"))
		return m
	}},
	{"patches of a picture", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 1+r.IntN(2), 3, 4, 6))
		m.let("w", noise(r, c, 3, 2, 2))
		m.let("s", tensor.Vector(pick(r, []int64{0, 0, -1}, []int64{0, int64(c), 6})...))
		m.add(node("Conv", "x w", "a", ints("strides", 2, 2)), node("Reshape", "a s", "b"), node("Transpose", "b", "t", ints("perm", 0, 2, 1)), node("Tanh", "t", "y"))
		return m
	}},
	{"MatMul with broadcasting", func(r *rand.Rand) *model {
		m, rows, k, n := newModel(), size(r), size(r), size(r)
		batch := []int{1 + r.IntN(3), 1 + r.IntN(3), 1 + r.IntN(3)}
		side := func(rows, columns int) []int {
			d := append([]int{}, batch...)
			for i := range d {
				if r.IntN(2) == 0 {
					d[i] = 1
				}
			}
			return append(d[r.IntN(4):], rows, columns)
		}
		x, w := side(rows, k), side(k, n)
		m.in("x", noise(r, x...))
		m.in("w", noise(r, w...))
		m.add(node("Tanh", "x", "a"), node("Relu", "w", "v"), node("MatMul", "a v", "p"), node("Sigmoid", "p", "y"))
		return m
	}},
	{"Gather", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 1+r.IntN(4))
		axis := r.IntN(len(d))
		index := make([]int64, 1+r.IntN(6))
		for i := range index {
			index[i] = int64(r.IntN(2*d[axis]) - d[axis])
		}
		to := tensor.Vector(index...)
		switch r.IntN(3) {
		case 0:
			to = tensor.Scalar(index[0])
		case 1:
			to = tensor.Must(tensor.Of(index, 1, len(index)))
		}
		m.in("x", noise(r, d...))
		if r.IntN(2) == 0 {
			m.let("i", to)
		} else {
			m.in("i", to)
		}
		m.add(node("Relu", "x", "a"), node("Gather", "a i", "b", integer("axis", axis-pick(r, 0, len(d)))), node("Exp", "b", "y"))
		return m
	}},
	{"embedding", func(r *rand.Rand) *model {
		m, words, width := newModel(), size(r), size(r)
		index := make([]int64, 6)
		for i := range index {
			index[i] = int64(r.IntN(words))
		}
		m.in("i", tensor.Must(tensor.Of(index, 2, 3)))
		m.let("w", noise(r, words, width))
		m.let("p", noise(r, 3, width))
		m.add(node("Gather", "w i", "a"), node("Add", "a p", "b"), node("Sigmoid", "b", "y"))
		return m
	}},
}

func TestAttentionFamilies(t *testing.T) { testFamilies(t, attentionFamilies) }

// encoder is a transformer for texts of any length, as exporters write one: sizes
// are computed in the graph. old writes layer normalisation step by step.
func encoder(n *net, tokens, layers, width, heads int, old bool) *model {
	m := n.model
	ids, mask := make([]int64, tokens), make([]int64, tokens)
	for i := range ids {
		ids[i] = int64(n.r.IntN(50))
		if i < tokens-tokens/3 {
			mask[i] = 1
		}
	}
	m.inputs, m.feeds = nil, map[string]*tensor.Tensor{}
	m.in("ids", tensor.Must(tensor.Of(ids, 1, tokens)))
	m.in("mask", tensor.Must(tensor.Of(mask, 1, tokens)))
	for i, v := range []float32{1, -3.4e38, 1.4142135, 0.5, 1e-12, 2} {
		m.let([]string{"one", "low", "root", "half", "eps", "two"}[i], tensor.Scalar(v))
	}
	m.let("i0", tensor.Scalar[int64](0))
	m.let("i1", tensor.Scalar[int64](1))
	m.let("l0", tensor.Vector[int64](0))
	m.let("l1", tensor.Vector[int64](1))
	m.let("l2", tensor.Vector[int64](2))
	m.let("heads", tensor.Vector(int64(heads)))
	m.let("depth", tensor.Vector(int64(width/heads)))
	m.let("width", tensor.Vector(int64(width)))
	m.let("scale", tensor.Scalar(float32(2)))
	size := func(x, i string) string {
		return n.op("Unsqueeze", n.op("Gather", n.op("Shape", x)+" "+i)+" l0")
	}
	shape := func(x, rest string) string {
		return n.op("Concat", size(x, "i0")+" "+size(x, "i1")+" "+rest, integer("axis", 0))
	}
	linear := func(x string, in, out int) string {
		return n.op("Add", n.weight(0.1, out)+" "+n.op("MatMul", x+" "+n.weight(0.3, in, out)))
	}
	norm := func(x string) string {
		g, b := n.weight(1, width), n.weight(0.2, width)
		if !old {
			return n.op("LayerNormalization", x+" "+g+" "+b, float("epsilon", 1e-12))
		}
		d := n.op("Sub", x+" "+n.op("ReduceMean", x, ints("axes", -1)))
		v := n.op("Sqrt", n.op("Add", n.op("ReduceMean", n.op("Pow", d+" two"), ints("axes", -1))+" eps"))
		return n.op("Add", n.op("Mul", n.op("Div", d+" "+v)+" "+g)+" "+b)
	}
	bias := n.op("Cast", n.op("Unsqueeze", n.op("Unsqueeze", "mask l1")+" l2"), integer("to", 1))
	bias = n.op("Mul", n.op("Sub", "one "+bias)+" low")
	x := norm(n.op("Gather", n.weight(1, 50, width)+" ids"))
	for range layers {
		head := func(perm ...int) string {
			y := linear(x, width, width)
			return n.op("Transpose", n.op("Reshape", y+" "+shape(y, "heads depth")), ints("perm", perm...))
		}
		q, k, v := head(0, 2, 1, 3), head(0, 2, 3, 1), head(0, 2, 1, 3)
		p := n.op("Softmax", n.op("Add", n.op("Div", n.op("MatMul", q+" "+k)+" scale")+" "+bias), integer("axis", -1))
		o := n.op("Transpose", n.op("MatMul", p+" "+v), ints("perm", 0, 2, 1, 3))
		x = norm(n.op("Add", linear(n.op("Reshape", o+" "+shape(o, "width")), width, width)+" "+x))
		h := linear(x, width, 4*width)
		h = n.op("Mul", n.op("Mul", h+" "+n.op("Add", n.op("Erf", n.op("Div", h+" root"))+" one"))+" half")
		x = norm(n.op("Add", linear(h, 4*width, width)+" "+x))
	}
	m.add(node("Tanh", n.op("Gather", x+" i0", integer("axis", 1)), "y"))
	return m
}

// TestEncoder runs a small encoder with several lengths and looks at its plan:
// what stays on the Go side comes before the first kernel.
func TestEncoder(t *testing.T) {
	for _, old := range []bool{false, true} {
		for _, tokens := range []int{1, 7, 16, 50} {
			t.Run(fmt.Sprint(tokens, " tokens, old ", old), func(t *testing.T) {
				m := encoder(newNet(false, 8), tokens, 2, 24, 3, old)
				m.check(t, 1e-3)
				p := m.plan(t)
				var kinds []string
				for _, s := range p.Steps {
					if s.Kind == plan.Kernel {
						kinds = append(kinds, s.Title)
					} else if len(kinds) > 0 && s.Kind != plan.Fetch {
						t.Errorf("%s of %s comes after a kernel", s.Title, s.Value)
					}
				}
				got := strings.Join(kinds, " ")
				layer := "gemm gemm gemm attention gemm layer-norm gemm gelu gemm layer-norm "
				if want := layer + layer; !strings.Contains(got+" ", want) {
					t.Errorf("the kernels are %s, want %s", got, want)
				}
			})
		}
	}
}

// TestIndices checks that words that are not there are refused.
func TestIndices(t *testing.T) {
	for _, bad := range []int64{4, -5, 1 << 40} {
		m := newModel()
		m.in("i", tensor.Vector(0, bad))
		m.let("w", noise(rand.New(rand.NewPCG(1, 1)), 4, 3))
		m.add(node("Gather", "w i", "y"))
		p, err := planned().Prepare(optimised(t, m))
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Run(t.Context(), m.list())
		var invalid *op.Error
		if !errors.As(err, &invalid) || invalid.Code != op.Invalid || !strings.Contains(err.Error(), fmt.Sprint("index ", bad)) {
			t.Errorf("index %d: %v", bad, err)
		}
		p.Close()
	}
}
