package pass_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/tensor"
)

// filled returns an initializer of random numbers around 1.
func filled(name string, dims ...int) *onnx.Tensor {
	r := rand.New(rand.NewPCG(uint64(len(name)), uint64(name[0])))
	t := tensor.Must(tensor.New(tensor.Float32, dims...))
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = 0.5 + r.Float32()
	}
	return &onnx.Tensor{Name: name, Data: t}
}

// number returns an initializer of one element and rank 0.
func number(name string, v float32) *onnx.Tensor {
	return &onnx.Tensor{Name: name, Data: tensor.Scalar(v)}
}

func integers(name string, v ...int64) *onnx.Tensor {
	return &onnx.Tensor{Name: name, Data: tensor.Vector(v...)}
}

// rewriteCase is a graph between x and y, and what a pass makes of it: the
// lines of nodes only.
type rewriteCase struct {
	name  string
	run   func(*graph.Graph) error
	shape []any // of x
	inits []*onnx.Tensor
	nodes []*onnx.Node
	want  string
}

var (
	convW = filled("w", 4, 3, 3, 3)
	convB = filled("b", 4)
	image = []any{"N", 3, 5, 5}
	seq   = []any{"N", 3, 6}
)

// groupNorm is a normalisation of grouped in two groups.
var (
	grouped   = []any{"N", 6, 5, 5}
	groupNorm = []*onnx.Node{node("Reshape", "x to", "a"), node("InstanceNormalization", "a s b", "c"), node("Reshape", "c back", "y")}
)

func groups(to ...int64) []*onnx.Tensor {
	return []*onnx.Tensor{integers("to", to...), filled("s", 2), filled("b", 2), integers("back", -1, 6, 5, 5)}
}

func ints(name string, v ...int64) *onnx.Attribute { return onnxtest.Attr(name, v) }

var rewriteCases = []rewriteCase{
	{"batchnorm: after a convolution", pass.BatchNorm, image, append(bn(4), convW, convB),
		[]*onnx.Node{node("Conv", "x w b", "a"), node("BatchNormalization", "a s h m v", "y")}, "y = Conv(x, y.weight, y.bias)"},
	{"batchnorm: without a bias", pass.BatchNorm, image, append(bn(4), convW),
		[]*onnx.Node{node("Conv", "x w", "a"), node("BatchNormalization", "a s h m v", "y")}, "y = Conv(x, y.weight, y.bias)"},
	{"batchnorm: after Gemm", pass.BatchNorm, []any{"N", 3}, append(bn(4), filled("w", 3, 4)),
		[]*onnx.Node{node("Gemm", "x w", "a"), node("BatchNormalization", "a s h m v", "y")}, "y = Gemm(x, y.weight, y.bias)"},
	{"batchnorm: after Gemm, transposed", pass.BatchNorm, []any{"N", 3}, append(bn(4), filled("w", 4, 3), convB),
		[]*onnx.Node{node("Gemm", "x w b", "a", onnxtest.Attr("transB", int64(1))), node("BatchNormalization", "a s h m v", "y")},
		"y = Gemm(x, y.weight, y.bias) {transB=1}"},
	{"batchnorm: after MatMul", pass.BatchNorm, []any{"N", 3}, append(bn(4), filled("w", 3, 4)),
		[]*onnx.Node{node("MatMul", "x w", "a"), node("BatchNormalization", "a s h m v", "y")}, "y = larder.MatMul(x, y.weight, y.bias)"},
	{"batchnorm: not if the convolution is read elsewhere", pass.BatchNorm, image, append(bn(4), convW),
		[]*onnx.Node{node("Conv", "x w", "a"), node("BatchNormalization", "a s h m v", "c"), node("Add", "a c", "y")},
		"a = Conv(x, w)\nc = BatchNormalization(a, s, h, m, v)\ny = Add(a, c)"},

	{"groupnorm: as a normalisation of instances", pass.GroupNorm, grouped, groups(0, 2, -1), groupNorm,
		"y = GroupNormalization(x, y/scale, y/bias) {epsilon=1e-05 num_groups=2}"},
	{"groupnorm: not if images join", pass.GroupNorm, grouped, groups(1, 2, -1), groupNorm,
		"a = Reshape(x, to)\nc = InstanceNormalization(a, s, b)\ny = Reshape(c, back)"},
	{"groupnorm: not if groups do not fit", pass.GroupNorm, []any{"N", 3, 6, 6},
		[]*onnx.Tensor{integers("to", 0, 2, -1), filled("s", 2), filled("b", 2), integers("back", -1, 3, 6, 6)}, groupNorm,
		"a = Reshape(x, to)\nc = InstanceNormalization(a, s, b)\ny = Reshape(c, back)"},

	{"bias: of a convolution", pass.Bias, image, []*onnx.Tensor{convW, filled("c", 4, 1, 1)},
		[]*onnx.Node{node("Conv", "x w", "a"), node("Add", "c a", "y")}, "y = Conv(x, w, y.bias)"},
	{"bias: of a product", pass.Bias, seq, []*onnx.Tensor{filled("w", 6, 4), filled("c", 4)},
		[]*onnx.Node{node("MatMul", "x w", "a"), node("Add", "a c", "y")}, "y = larder.MatMul(x, w, y.bias)"},
	{"bias: a number", pass.Bias, seq, []*onnx.Tensor{filled("w", 6, 4), number("c", 2)},
		[]*onnx.Node{node("MatMul", "x w", "a"), node("Add", "a c", "y")}, "y = larder.MatMul(x, w, y.bias)"},
	{"bias: not for each pixel", pass.Bias, image, []*onnx.Tensor{convW, filled("c", 4, 3, 1)},
		[]*onnx.Node{node("Conv", "x w", "a"), node("Add", "a c", "y")}, "a = Conv(x, w)\ny = Add(a, c)"},
	{"bias: not if it widens", pass.Bias, []any{1, 6}, []*onnx.Tensor{filled("w", 6, 4), filled("c", 2, 1)},
		[]*onnx.Node{node("MatMul", "x w", "a"), node("Add", "a c", "y")}, "a = MatMul(x, w)\ny = Add(a, c)"},

	{"residual: of the later convolution", pass.Residual, image, []*onnx.Tensor{convW, filled("u", 4, 3, 3, 3)},
		[]*onnx.Node{node("Conv", "x w", "a"), node("Conv", "x u", "c"), node("Add", "a c", "y")},
		"a = Conv(x, w)\ny = larder.Conv(x, u, _, a)"},
	{"residual: not of other shape", pass.Residual, image, []*onnx.Tensor{convW},
		[]*onnx.Node{node("Conv", "x w", "a"), node("GlobalAveragePool", "x", "p"), node("Conv", "x w", "c"), node("GlobalMaxPool", "c", "q"), node("Add", "a q", "y")},
		"a = Conv(x, w)\np = GlobalAveragePool(x)\nc = Conv(x, w)\nq = GlobalMaxPool(c)\ny = Add(a, q)"},
	{"residual: not behind a bound", func(g *graph.Graph) error {
		return pass.Run(g, []pass.Pass{{Name: "b", Run: pass.Bounds}, {Name: "r", Run: pass.Residual}})
	}, []any{"N", 4, 3, 3}, []*onnx.Tensor{filled("w", 4, 4, 1, 1)},
		[]*onnx.Node{node("Conv", "x w", "a"), node("Relu", "a", "r"), node("Add", "r x", "y")},
		"r = larder.Conv(x, w) {high=+Inf low=0}\ny = Add(r, x)"},

	{"bounds: Relu", pass.Bounds, image, []*onnx.Tensor{convW}, []*onnx.Node{node("Conv", "x w", "a"), node("Relu", "a", "y")},
		"y = larder.Conv(x, w) {high=+Inf low=0}"},
	{"bounds: Clip", pass.Bounds, image, []*onnx.Tensor{convW, number("lo", 0), number("hi", 6)},
		[]*onnx.Node{node("Conv", "x w", "a"), node("Clip", "a lo hi", "y")}, "y = larder.Conv(x, w) {high=6 low=0}"},
	{"bounds: twice", pass.Bounds, image, []*onnx.Tensor{convW, number("hi", 2)},
		[]*onnx.Node{node("Conv", "x w", "a"), onnxtest.Op("Clip", []string{"a", "", "hi"}, []string{"c"}), node("Relu", "c", "y")},
		"y = larder.Conv(x, w) {high=2 low=0}"},
	{"bounds: not if they cross", pass.Bounds, image, []*onnx.Tensor{convW, number("lo", 3), number("hi", 2)},
		[]*onnx.Node{node("Conv", "x w", "a"), node("Clip", "a lo hi", "y")}, "a = Conv(x, w)\ny = Clip(a, lo, hi)"},
	{"bounds: not if the product is read elsewhere", pass.Bounds, seq, []*onnx.Tensor{filled("w", 6, 6)},
		[]*onnx.Node{node("MatMul", "x w", "a"), node("Relu", "a", "r"), node("Add", "a r", "y")}, "a = MatMul(x, w)\nr = Relu(a)\ny = Add(a, r)"},

	{"identity: chain", pass.Identity, seq, nil, []*onnx.Node{node("Identity", "x", "a"), node("Dropout", "a", "b"), node("Relu", "b", "y")}, "y = Relu(x)"},
	{"identity: not an output", pass.Identity, seq, nil, []*onnx.Node{node("Identity", "x", "y")}, "y = Identity(x)"},
	{"identity: transpose that moves nothing", pass.Identity, seq, nil,
		[]*onnx.Node{node("Transpose", "x", "a", ints("perm", 0, 1, 2)), node("Relu", "a", "y")}, "y = Relu(x)"},
	{"identity: cast to the same type", pass.Identity, seq, nil,
		[]*onnx.Node{node("Cast", "x", "a", onnxtest.Attr("to", int64(1))), node("Relu", "a", "y")}, "y = Relu(x)"},

	{"common: two of a kind", pass.Common, seq, nil,
		[]*onnx.Node{node("Exp", "x", "a"), node("Exp", "x", "b"), node("Neg", "a", "c"), node("Neg", "b", "d"), node("Add", "c d", "y")},
		"a = Exp(x)\nc = Neg(a)\ny = Add(c, c)"},
	{"common: not with other attributes", pass.Common, seq, nil,
		[]*onnx.Node{node("LeakyRelu", "x", "a", onnxtest.Attr("alpha", float32(.5))), node("LeakyRelu", "x", "b"), node("Add", "a b", "y")},
		"a = LeakyRelu(x) {alpha=0.5}\nb = LeakyRelu(x)\ny = Add(a, b)"},

	{"silu", pass.SiLU, seq, nil, []*onnx.Node{node("Sigmoid", "x", "a"), node("Mul", "a x", "y")}, "y = Swish(x) {alpha=1}"},
	{"silu: of a multiple", pass.SiLU, seq, []*onnx.Tensor{number("k", 1.5)},
		[]*onnx.Node{node("Mul", "x k", "b"), node("Sigmoid", "b", "a"), node("Mul", "x a", "y")}, "y = Swish(x) {alpha=1.5}"},
	{"silu: not of another value", pass.SiLU, seq, nil,
		[]*onnx.Node{node("Neg", "x", "n"), node("Sigmoid", "n", "a"), node("Mul", "x a", "y")}, "n = Neg(x)\na = Sigmoid(n)\ny = Mul(x, a)"},

	{"hardswish: by clip", pass.HardSwish, seq, []*onnx.Tensor{number("three", 3), number("zero", 0), number("six", 6)},
		[]*onnx.Node{node("Add", "x three", "a"), node("Clip", "a zero six", "c"), node("Mul", "x c", "m"), node("Div", "m six", "y")}, "y = HardSwish(x)"},
	{"hardswish: divided first", pass.HardSwish, seq, []*onnx.Tensor{number("three", 3), number("zero", 0), number("six", 6)},
		[]*onnx.Node{node("Add", "three x", "a"), node("Clip", "a zero six", "c"), node("Div", "c six", "m"), node("Mul", "m x", "y")}, "y = HardSwish(x)"},
	{"hardswish: by hard sigmoid", pass.HardSwish, seq, nil,
		[]*onnx.Node{node("HardSigmoid", "x", "a", onnxtest.Attr("alpha", float32(1./6))), node("Mul", "x a", "y")}, "y = HardSwish(x)"},
	{"hardswish: not of another slope", pass.HardSwish, seq, nil,
		[]*onnx.Node{node("HardSigmoid", "x", "a"), node("Mul", "x a", "y")}, "a = HardSigmoid(x)\ny = Mul(x, a)"},

	{"lrn: as a convolution", pass.LRN, image, nil, []*onnx.Node{node("LRN", "x", "y", onnxtest.Attr("size", int64(2)))},
		"y/square = Mul(x, x)\ny/sum = Conv(y/square, y/band, y/bias)\ny/factor = Pow(y/sum, y/power)\ny = Mul(x, y/factor)"},
	{"lrn: not of unknown channels", pass.LRN, []any{1, "C", 5, 5}, nil, []*onnx.Node{node("LRN", "x", "y", onnxtest.Attr("size", int64(3)))}, "y = LRN(x) {size=3}"},
	{"reductions: L2", pass.Reductions, seq, nil, []*onnx.Node{node("ReduceL2", "x", "y", ints("axes", -1))},
		"y/square = Mul(x, x)\ny/0 = ReduceSum(y/square, y/0/axes) {keepdims=1}\ny = Sqrt(y/0)"},
	{"reductions: L1", pass.Reductions, seq, nil, []*onnx.Node{node("ReduceL1", "x", "y", ints("axes", 2), onnxtest.Attr("keepdims", int64(0)))},
		"y/abs = Abs(x)\ny = ReduceSum(y/abs, y/0/axes) {keepdims=0}"},
	{"reductions: squares of separated dimensions", pass.Reductions, image, nil, []*onnx.Node{node("ReduceSumSquare", "x", "y", ints("axes", -1, 0, 1))},
		"y/square = Mul(x, x)\ny/0 = ReduceSum(y/square, y/0/axes) {keepdims=1}\ny = ReduceSum(y/0, y/1/axes) {keepdims=1}"},
	{"reductions: three apart", pass.Reductions, []any{2, 3, 4, 2, 5}, nil, []*onnx.Node{node("ReduceMean", "x", "y", ints("axes", 4, 0, 2), onnxtest.Attr("keepdims", int64(0)))},
		"y/0 = ReduceMean(x, y/0/axes) {keepdims=0}\ny/1 = ReduceMean(y/0, y/1/axes) {keepdims=0}\ny = ReduceMean(y/1, y/2/axes) {keepdims=0}"},
	{"reductions: not of all", pass.Reductions, seq, nil, []*onnx.Node{node("ReduceL2", "x", "y")}, "y = ReduceL2(x)"},
	{"reductions: neighbours stay", pass.Reductions, image, nil, []*onnx.Node{node("ReduceMean", "x", "y", ints("axes", 2, 3))}, "y = ReduceMean(x) {axes=[2 3]}"},
	{"einsum: scores", pass.Einsum, []any{2, 3, 2, 4}, []*onnx.Tensor{filled("k", 2, 5, 2, 4)}, []*onnx.Node{einsum("x k", "bqhd, bkhd -> bhqk")},
		"y/a = Transpose(x) {perm=[0 2 1 3]}\ny/b = Transpose(k) {perm=[0 2 3 1]}\ny = MatMul(y/a, y/b)"},
	{"einsum: sum of values", pass.Einsum, []any{2, 3, 4}, []*onnx.Tensor{filled("k", 2, 4, 5)}, []*onnx.Node{einsum("x k", "bij,bjd->bdi")},
		"y/product = MatMul(x, k)\ny = Transpose(y/product) {perm=[0 2 1]}"},
	{"einsum: a dense layer", pass.Einsum, seq, []*onnx.Tensor{filled("k", 6, 2, 5)}, []*onnx.Node{einsum("x k", "abc,cde->abde")},
		"y/a/flat = Reshape(x, y/a/shape)\ny/b/flat = Reshape(k, y/b/shape)\ny/product = MatMul(y/a/flat, y/b/flat)\ny = Reshape(y/product, y/shape)"},
	{"einsum: two sums", pass.Einsum, []any{2, 3, 4}, []*onnx.Tensor{filled("k", 4, 3, 5)}, []*onnx.Node{einsum("x k", "abc,cbd->da")},
		"y/a/flat = Reshape(x, y/a/shape)\ny/b = Transpose(k) {perm=[1 0 2]}\ny/b/flat = Reshape(y/b, y/b/shape)\n" +
			"y/product = MatMul(y/a/flat, y/b/flat)\ny = Transpose(y/product) {perm=[1 0]}"},
	{"einsum: outer product", pass.Einsum, []any{3}, []*onnx.Tensor{filled("k", 4)}, []*onnx.Node{einsum("x k", "i,j->ij")},
		"y/a/flat = Reshape(x, y/a/shape)\ny/b/flat = Reshape(k, y/b/shape)\ny = MatMul(y/a/flat, y/b/flat)"},
	{"einsum: not of what one has", pass.Einsum, seq, []*onnx.Tensor{filled("k", 6)}, []*onnx.Node{einsum("x k", "abc,c->a")}, "y = Einsum(x, k) {equation=\"abc,c->a\"}"},
	{"einsum: not of a diagonal", pass.Einsum, []any{3, 3}, []*onnx.Tensor{filled("k", 3)}, []*onnx.Node{einsum("x k", "aa,a->a")}, "y = Einsum(x, k) {equation=\"aa,a->a\"}"},
	{"einsum: not by broadcasting", pass.Einsum, []any{3, 1}, []*onnx.Tensor{filled("k", 4, 2)}, []*onnx.Node{einsum("x k", "ab,bc->ac")}, "y = Einsum(x, k) {equation=\"ab,bc->ac\"}"},
	{"softmax: over rows", pass.Softmax, []any{"N", 2, 3, 4}, nil, []*onnx.Node{node("Softmax", "x", "y", onnxtest.Attr("axis", int64(-2)))},
		"y/last = Transpose(x) {perm=[0 1 3 2]}\ny/Softmax = Softmax(y/last) {axis=-1}\ny = Transpose(y/Softmax) {perm=[0 1 3 2]}"},
	{"softmax: over images", pass.Softmax, seq, nil, []*onnx.Node{node("LogSoftmax", "x", "y", onnxtest.Attr("axis", int64(0)))},
		"y/last = Transpose(x) {perm=[2 1 0]}\ny/LogSoftmax = LogSoftmax(y/last) {axis=-1}\ny = Transpose(y/LogSoftmax) {perm=[2 1 0]}"},
	{"softmax: channels stay", pass.Softmax, image, nil, []*onnx.Node{node("Softmax", "x", "y", onnxtest.Attr("axis", int64(1)))}, "y = Softmax(x) {axis=1}"},
	{"gelu: by erf", pass.GELU, seq, []*onnx.Tensor{number("r", math.Sqrt2), number("one", 1), number("h", .5)},
		[]*onnx.Node{node("Div", "x r", "a"), node("Erf", "a", "e"), node("Add", "e one", "p"), node("Mul", "x p", "m"), node("Mul", "m h", "y")},
		`y = Gelu(x) {approximate="none"}`},
	{"gelu: half first", pass.GELU, seq, []*onnx.Tensor{number("r", math.Sqrt2/2), number("one", 1), number("h", .5)},
		[]*onnx.Node{node("Mul", "x r", "a"), node("Erf", "a", "e"), node("Add", "e one", "p"), node("Mul", "x h", "m"), node("Mul", "m p", "y")},
		`y = Gelu(x) {approximate="none"}`},
	{"gelu: by tanh and Pow", pass.GELU, seq, []*onnx.Tensor{number("k", .044715), number("t", 3), number("s", .7978845608), number("one", 1), number("h", .5)},
		[]*onnx.Node{node("Pow", "x t", "q"), node("Mul", "q k", "c"), node("Add", "x c", "i"), node("Mul", "i s", "u"), node("Tanh", "u", "e"),
			node("Add", "e one", "p"), node("Mul", "x p", "m"), node("Mul", "m h", "y")},
		`y = Gelu(x) {approximate="tanh"}`},
	{"gelu: not of another slope", pass.GELU, seq, []*onnx.Tensor{number("r", 1.5), number("one", 1), number("h", .5)},
		[]*onnx.Node{node("Div", "x r", "a"), node("Erf", "a", "e"), node("Add", "e one", "p"), node("Mul", "x p", "m"), node("Mul", "m h", "y")},
		"a = Div(x, r)\ne = Erf(a)\np = Add(e, one)\nm = Mul(x, p)\ny = Mul(m, h)"},

	{"layernorm: by Pow", pass.LayerNorm, seq, []*onnx.Tensor{number("two", 2), number("eps", 1e-5), filled("g", 6), filled("bt", 6)}, layerNorm("Pow", "d two", -1),
		"y = LayerNormalization(x, g, bt) {axis=-1 epsilon=1e-05}"},
	{"layernorm: by Mul", pass.LayerNorm, seq, []*onnx.Tensor{number("eps", 1e-5), filled("g", 6), filled("bt", 6)}, layerNorm("Mul", "d d", 2),
		"y = LayerNormalization(x, g, bt) {axis=-1 epsilon=1e-05}"},
	{"layernorm: not over another dimension", pass.LayerNorm, seq, []*onnx.Tensor{number("eps", 1e-5), filled("g", 6), filled("bt", 6)}, layerNorm("Mul", "d d", 1),
		"m = ReduceMean(x) {axes=[1]}\nd = Sub(x, m)\nq = Mul(d, d)\nv = ReduceMean(q) {axes=[1]}\ne = Add(v, eps)\ns = Sqrt(e)\nn = Div(d, s)\no = Mul(n, g)\ny = Add(o, bt)"},

	{"attention: as PyTorch writes it", attention, heads, []*onnx.Tensor{number("d", 2), filled("m", 1, 1, 1, 3)},
		attend(node("Div", "a d", "b"), node("Add", "b m", "c")), "y = larder.Attention(x, x, x, m) {scale=0.5}"},
	{"attention: scaled before, mask first", attention, heads, []*onnx.Tensor{number("d", 2), filled("m", 3, 3)},
		append([]*onnx.Node{node("Mul", "x d", "x2")}, attend2("x2", "x", node("Add", "m a", "c"))...), "y = larder.Attention(x, x, x, m) {scale=2}"},
	{"attention: a mask that is filled in", attention, heads, []*onnx.Tensor{number("low", -math.MaxFloat32), {Name: "m", Data: tensor.Must(tensor.Of([]bool{true, false, true}, 1, 1, 1, 3))}},
		attend(node("Where", "m low a", "c")), "c.mask = Where(m, c.low, c.zero)\ny = larder.Attention(x, x, x, c.mask) {scale=1}"},
	{"attention: not with a scale behind the mask", attention, heads, []*onnx.Tensor{number("d", 2), filled("m", 1, 1, 1, 3)},
		attend(node("Add", "a m", "b"), node("Div", "b d", "c")), attended("b = Add(a, m)\nc = Div(b, d)\n")},
	{"attention: not if the weights are read elsewhere", attention, heads, nil,
		append(attend(node("Neg", "a", "c"))[:7], node("Transpose", "o", "z", ints("perm", 0, 2, 1, 3)),
			node("ReduceMean", "p", "n", onnxtest.Attr("keepdims", int64(0))), node("Add", "z n", "y")),
		strings.Replace(attended("c = Neg(a)\n"), "y = Tr", "z = Tr", 1) + "\nn = ReduceMean(p) {keepdims=0}\ny = Add(z, n)"},
	{"unbind: one of three", pass.Unbind, []any{2, 3, 3, 2, 4}, []*onnx.Tensor{{Name: "i", Data: tensor.Scalar[int64](1)}},
		[]*onnx.Node{node("Transpose", "x", "t", ints("perm", 2, 0, 3, 1, 4)), node("Gather", "t i", "g"), node("Neg", "g", "y")},
		"t = Transpose(x) {perm=[2 0 3 1 4]}\ng.part = Gather(x, i) {axis=2}\ng = Transpose(g.part) {perm=[0 2 1 3]}\ny = Neg(g)"},
	{"unbind: a slice of a split", pass.Unbind, []any{2, 3, 4}, []*onnx.Tensor{integers("z", 0)},
		[]*onnx.Node{node("Split", "x", "p q"), node("Squeeze", "q z", "s"), node("Neg", "s", "y")},
		"p, q = Split(x)\ns = Gather(x, s.index) {axis=0}\ny = Neg(s)"},
	{"unbind: not of two rows", pass.Unbind, []any{4, 3}, []*onnx.Tensor{integers("i", 1, 2)},
		[]*onnx.Node{node("Transpose", "x", "t", ints("perm", 1, 0)), node("Gather", "t i", "y")}, "t = Transpose(x) {perm=[1 0]}\ny = Gather(t, i)"},

	{"pad: before a convolution", pass.Pad, image, []*onnx.Tensor{integers("p", 0, 0, 1, 0, 0, 0, 2, 1), convW},
		[]*onnx.Node{node("Pad", "x p", "a"), node("Conv", "a w", "y", ints("pads", 1, 1, 1, 1))}, `y = Conv(x, w) {auto_pad="NOTSET" pads=[2 1 3 2]}`},
	{"pad: before a mean", pass.Pad, image, []*onnx.Tensor{integers("p", 0, 0, 1, 0, 0, 0, 0, 1)},
		[]*onnx.Node{node("Pad", "x p", "a"), node("AveragePool", "a", "y", ints("kernel_shape", 2, 2), onnxtest.Attr("count_include_pad", int64(1)))},
		`y = AveragePool(x) {auto_pad="NOTSET" count_include_pad=1 kernel_shape=[2 2] pads=[1 0 0 1]}`},
	{"pad: not channels", pass.Pad, []any{"N", 2, 5, 5}, []*onnx.Tensor{integers("p", 0, 1, 0, 0, 0, 0, 0, 0), convW},
		[]*onnx.Node{node("Pad", "x p", "a"), node("Conv", "a w", "y")}, "a = Pad(x, p)\ny = Conv(a, w)"},

	{"transpose: two meet", pass.Transpose, image, nil,
		[]*onnx.Node{node("Transpose", "x", "a", ints("perm", 0, 2, 3, 1)), node("Transpose", "a", "y", ints("perm", 0, 2, 1, 3))},
		"y = Transpose(x) {perm=[0 3 2 1]}"},
	{"transpose: past an activation, undone", pass.Transpose, image, nil,
		[]*onnx.Node{node("Transpose", "x", "a", ints("perm", 0, 2, 3, 1)), node("Relu", "a", "r"), node("Transpose", "r", "b", ints("perm", 0, 3, 1, 2)), node("Neg", "b", "y")},
		"a = Relu(x)\ny = Neg(a)"},
	{"transpose: not if it is read elsewhere", pass.Transpose, image, nil,
		[]*onnx.Node{node("Transpose", "x", "a", ints("perm", 0, 2, 3, 1)), node("Transpose", "a", "b", ints("perm", 0, 3, 1, 2)), node("Shape", "a", "z"), node("Neg", "b", "y")},
		"a = Transpose(x) {perm=[0 2 3 1]}\nb = Transpose(a) {perm=[0 3 1 2]}\nz = Shape(a)\ny = Neg(b)"},
}

func einsum(inputs, equation string) *onnx.Node {
	return node("Einsum", inputs, "y", onnxtest.Attr("equation", equation))
}

// heads is batch, tokens, heads and depth.
var heads = []any{"N", 3, 2, 4}

// attend is an attention of x to itself; between leads from the scores a to c.
func attend(between ...*onnx.Node) []*onnx.Node { return attend2("x", "x", between...) }

func attend2(q, k string, between ...*onnx.Node) []*onnx.Node {
	list := []*onnx.Node{node("Transpose", q, "q", ints("perm", 0, 2, 1, 3)), node("Transpose", k, "k", ints("perm", 0, 2, 3, 1)),
		node("Transpose", "x", "v", ints("perm", 0, 2, 1, 3)), node("MatMul", "q k", "a")}
	return append(append(list, between...), node("Softmax", "c", "p"), node("MatMul", "p v", "o"), node("Transpose", "o", "y", ints("perm", 0, 2, 1, 3)))
}

// attention is the pass, and that which takes the transposes away.
func attention(g *graph.Graph) error {
	return pass.Run(g, []pass.Pass{{Name: "attention", Run: pass.Attention}, {Name: "dead", Run: pass.Dead}})
}

// attended is attend's text.
func attended(between string) string {
	return "q = Transpose(x) {perm=[0 2 1 3]}\nk = Transpose(x) {perm=[0 2 3 1]}\nv = Transpose(x) {perm=[0 2 1 3]}\na = MatMul(q, k)\n" + between +
		"p = Softmax(c)\no = MatMul(p, v)\ny = Transpose(o) {perm=[0 2 1 3]}"
}

// bn is the parameters of a batch norm.
func bn(n int) []*onnx.Tensor {
	return []*onnx.Tensor{filled("s", n), filled("h", n), filled("m", n), filled("v", n)}
}

func layerNorm(square, of string, axis int64) []*onnx.Node {
	return []*onnx.Node{node("ReduceMean", "x", "m", ints("axes", axis)), node("Sub", "x m", "d"), node(square, of, "q"),
		node("ReduceMean", "q", "v", ints("axes", axis)), node("Add", "v eps", "e"), node("Sqrt", "e", "s"), node("Div", "d s", "n"),
		node("Mul", "n g", "o"), node("Add", "o bt", "y")}
}

func (c rewriteCase) graph(t *testing.T) *graph.Graph {
	t.Helper()
	g, err := graph.Build(onnxtest.File(17, &onnx.Graph{Name: "g", Nodes: c.nodes, Initializers: c.inits,
		Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, c.shape...)}, Outputs: []*onnx.ValueInfo{{Name: "y"}}}), op.All())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// lines returns the nodes of a graph as text.
func lines(g *graph.Graph) string {
	var out []string
	for _, l := range strings.Split(g.Text(), "\n") {
		if strings.Contains(l, " = ") && !strings.HasPrefix(l, "let ") && !strings.HasPrefix(l, "in ") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// TestRewrites compares what a pass makes, as text and by what it computes.
func TestRewrites(t *testing.T) {
	for _, tt := range rewriteCases {
		t.Run(tt.name, func(t *testing.T) {
			want := result(t, tt, tt.graph(t))
			g := tt.graph(t)
			if err := tt.run(g); err != nil {
				t.Fatal(err)
			}
			if got := lines(g); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			compare(t, result(t, tt, g), want)
			all := tt.graph(t)
			if err := pass.Run(all, pass.All); err != nil {
				t.Fatal(err)
			}
			compare(t, result(t, tt, all), want)
		})
	}
}

func result(t *testing.T, c rewriteCase, g *graph.Graph) []float32 {
	t.Helper()
	p, err := engine.Reference{}.Prepare(g)
	if err != nil {
		t.Fatal(err)
	}
	dims := []int{}
	for _, d := range c.shape {
		if n, ok := d.(int); ok {
			dims = append(dims, n)
		} else {
			dims = append(dims, 2)
		}
	}
	x := filled("x", dims...).Data
	for i := range tensor.Data[float32](x) {
		tensor.Data[float32](x)[i] = 4 * (tensor.Data[float32](x)[i] - 1)
	}
	out, err := p.Run(context.Background(), []*tensor.Tensor{x})
	if err != nil {
		t.Fatalf("%v\n%s", err, g.Text())
	}
	return tensor.Data[float32](out[0])
}

func compare(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 1e-5*max(1, math.Abs(float64(want[i])))) {
			t.Fatalf("element %d is %g, want %g", i, got[i], want[i])
		}
	}
}
