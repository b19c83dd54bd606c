package native_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// family makes random models of one lowering. Each must run without host steps.
type family struct {
	name string
	make func(r *rand.Rand) *model
}

// size returns a dimension: small, around a multiple of 4, or larger.
func size(r *rand.Rand) int { return []int{1, 2, 3, 4, 5, 7, 8, 10, 12, 16, 19, 58}[r.IntN(12)] }

// dims returns n sizes with at most some thousand elements.
func dims(r *rand.Rand, n int) []int {
	for {
		d, product := make([]int, n), 1
		for i := range d {
			d[i] = size(r)
			product *= d[i]
		}
		if product < 4000 {
			return d
		}
	}
}

func pick[T any](r *rand.Rand, v ...T) T { return v[r.IntN(len(v))] }

var families = []family{
	{"Conv", randomConv},
	{"ConvTranspose", randomConvTranspose},
	{"ConvTranspose, weights that are packed in pieces", func(r *rand.Rand) *model {
		m, c, n := newModel(), 110+r.IntN(30), 40+r.IntN(5)
		m.in("x", flawed(r, noise(r, 1, c, 3, 2)))
		w := noise(r, c, n, 4, 4)
		for i, v := range tensor.Data[float32](w) {
			tensor.Data[float32](w)[i] = v / 10
		}
		m.let("w", w)
		s, p := pick(r, 1, 2, 4), r.IntN(2)
		m.add(node("ConvTranspose", "x w", "a", ints("strides", s, s), ints("pads", p, p, p, p)), node("Relu", "a", "y"))
		return m
	}},
	{"ConvTranspose of one dimension", func(r *rand.Rand) *model {
		m, c, s, k := newModel(), size(r), 1+r.IntN(4), 1+r.IntN(6)
		x := noise(r, 1+r.IntN(2), c, 1+r.IntN(9))
		if k%s == 0 { // no taps are 0 in some phases only
			x = flawed(r, x)
		}
		m.in("x", x)
		m.let("w", noise(r, c, size(r), k))
		m.add(node("ConvTranspose", "x w", "a", ints("strides", s), ints("output_padding", r.IntN(s))), node("Neg", "a", "y"))
		return m
	}},
	{"Conv of one dimension", func(r *rand.Rand) *model {
		m, c, k := newModel(), size(r), 1+r.IntN(3)
		m.in("x", noise(r, 1+r.IntN(2), c, 9))
		m.let("w", noise(r, size(r), c, k))
		m.add(node("Conv", "x w", "y", ints("strides", 1+r.IntN(2)), ints("pads", r.IntN(2), r.IntN(2))))
		return m
	}},
	{"Conv, bias, residual, bounds", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 1+r.IntN(2), c, 6, 5))
		k := pick(r, 1, 3)
		m.let("w", noise(r, c, c, k, k))
		m.let("b", noise(r, c))
		m.add(node("Conv", "x w b", "a", ints("pads", k/2, k/2, k/2, k/2)), node("Add", pick(r, "a x", "x a"), "s"), node("Relu", "s", "y"))
		return m
	}},
	{"Conv by Winograd's filtering", func(r *rand.Rand) *model {
		m, c, n, p := newModel(), 16+r.IntN(20), 16+r.IntN(20), r.IntN(2)
		h, w := 14+r.IntN(6), 14+r.IntN(6)
		m.in("x", noise(r, 1+r.IntN(2), c, h, w))
		m.in("r", noise(r, 1, n, h-2+2*p, w-2+2*p))
		// Weights as in a trained net: the filtering is exact to some 1e-6 of the
		// products' magnitudes, which must not dwarf their sum.
		weights := noise(r, n, c, 3, 3)
		for i, v := range tensor.Data[float32](weights) {
			tensor.Data[float32](weights)[i] = v / 10
		}
		m.let("w", weights)
		m.let("b", noise(r, n))
		conv := node("Conv", "x w b", "a", ints("pads", p, p, p, p))
		if r.IntN(2) == 0 {
			m.add(conv, node("Relu", "a", "y"))
		} else {
			m.add(conv, node("Add", "a r", "y"))
		}
		return m
	}},
	{"depthwise Conv, bounds", func(r *rand.Rand) *model {
		m, c, k := newModel(), size(r)+1, pick(r, 1, 2, 3, 5)
		m.in("x", noise(r, 1+r.IntN(2), c, 7+r.IntN(9), 7+r.IntN(9)))
		m.let("w", noise(r, c, 1, k, k))
		m.let("lo", tensor.Scalar[float32](-1))
		m.let("hi", tensor.Scalar[float32](1))
		s, p := 1+r.IntN(2), r.IntN(k)
		m.add(node("Conv", "x w", "a", integer("group", c), ints("strides", s, s), ints("pads", p, r.IntN(k), r.IntN(k), p)), node("Clip", "a lo hi", "y"))
		return m
	}},
	{"Gemm", func(r *rand.Rand) *model {
		m, k, n := newModel(), size(r), size(r)
		m.in("x", noise(r, size(r), k))
		trans := r.IntN(2)
		w := []int{k, n}
		if trans == 1 {
			w = []int{n, k}
		}
		m.let("w", noise(r, w...))
		m.let("b", noise(r, n))
		m.add(node("Gemm", pick(r, "x w b", "x w"), "y", integer("transB", trans), float("alpha", pick[float32](r, 1, 0.5))))
		return m
	}},
	{"MatMul", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 2+r.IntN(3))
		n := size(r)
		m.in("x", noise(r, d...))
		m.let("w", noise(r, d[len(d)-1], n))
		m.let("b", noise(r, n))
		m.add(node("MatMul", "x w", "a"), node("Add", "a b", "c"), node("Relu", "c", "y"))
		return m
	}},
	{"MatMul of two values", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 2+r.IntN(3))
		n := size(r)
		w := append([]int{}, d[:len(d)-1]...)
		w[len(w)-1] = d[len(d)-1]
		w = append(w, n)
		if r.IntN(3) == 0 {
			w = w[len(w)-2:]
		}
		m.in("x", noise(r, d...))
		m.in("w", noise(r, w...))
		m.let("b", noise(r, n))
		m.add(node("Relu", "w", "v"), node("MatMul", "x v", "a"), node("Add", "a b", "c"), node("Sigmoid", "c", "y"))
		return m
	}},
	{"attention", func(r *rand.Rand) *model {
		m, heads, tokens, depth := newModel(), 1+r.IntN(3), size(r), 1+r.IntN(9)
		for _, name := range []string{"q", "k", "v"} {
			m.in(name, noise(r, 1, tokens, heads*depth))
		}
		m.let("s", tensor.Vector(int64(0), 0, int64(heads), int64(depth)))
		m.let("t", tensor.Vector(int64(0), 0, int64(heads*depth)))
		m.let("d", tensor.Scalar(float32(2)))
		m.add(node("Reshape", "q s", "q1"), node("Transpose", "q1", "q2", ints("perm", 0, 2, 1, 3)),
			node("Reshape", "k s", "k1"), node("Transpose", "k1", "k2", ints("perm", 0, 2, 3, 1)),
			node("Reshape", "v s", "v1"), node("Transpose", "v1", "v2", ints("perm", 0, 2, 1, 3)),
			node("MatMul", "q2 k2", "a"), node("Div", "a d", "b"), node("Softmax", "b", "p"), node("MatMul", "p v2", "o"),
			node("Transpose", "o", "o1", ints("perm", 0, 2, 1, 3)), node("Reshape", "o1 t", "z"), node("Relu", "z", "y"))
		return m
	}},
	{"pools", func(r *rand.Rand) *model {
		m, k := newModel(), 1+r.IntN(3)
		m.in("x", noise(r, 1+r.IntN(2), size(r), 6+r.IntN(5), 6+r.IntN(5)))
		s := 1 + r.IntN(2)
		pads := ints("pads", r.IntN(k), r.IntN(k), r.IntN(k), r.IntN(k))
		if r.IntN(2) == 0 {
			m.add(node("MaxPool", "x", "y", ints("kernel_shape", k, k), ints("strides", s, s), pads, integer("ceil_mode", r.IntN(2))))
		} else {
			m.add(node("AveragePool", "x", "y", ints("kernel_shape", k, k), ints("strides", s, s), pads, integer("count_include_pad", r.IntN(2))))
		}
		return m
	}},
	{"global pools", func(r *rand.Rand) *model {
		m := newModel()
		m.in("x", noise(r, 1+r.IntN(3), size(r), 1+r.IntN(9), 1+r.IntN(9)))
		m.add(node(pick(r, "GlobalAveragePool", "GlobalMaxPool"), "x", "p"), node("Flatten", "p", "f"), node("Relu", "f", "y"))
		return m
	}},
	{"unary", randomUnary},
	{"binary", randomBinary},
	{"squeeze and excite", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 1+r.IntN(2), c, 5, 6))
		m.let("w", noise(r, c, c, 1, 1))
		m.add(node("GlobalAveragePool", "x", "p"), node("Conv", "p w", "q"), node("Sigmoid", "q", "s"), node("Mul", pick(r, "x s", "s x"), "y"))
		return m
	}},
	{"Softmax", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 1+r.IntN(4))
		m.in("x", noise(r, d...))
		axis := pick(r, -1, len(d)-1)
		if len(d) > 2 && r.IntN(2) == 0 {
			axis = 1
		}
		m.add(node(pick(r, "Softmax", "LogSoftmax"), "x", "y", integer("axis", axis)))
		return m
	}},
	{"LayerNormalization", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 2+r.IntN(2))
		m.in("x", noise(r, d...))
		m.let("g", noise(r, d[len(d)-1]))
		m.let("b", noise(r, d[len(d)-1]))
		m.add(node("LayerNormalization", pick(r, "x g b", "x g"), "y", float("epsilon", 0.01)))
		return m
	}},
	{"BatchNormalization", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 2+r.IntN(3))
		m.in("x", noise(r, d...))
		for _, name := range []string{"s", "b", "m", "v"} {
			m.let(name, positive(r, d[1]))
		}
		m.add(node("BatchNormalization", "x s b m v", "y"))
		return m
	}},
	{"InstanceNormalization", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 3+r.IntN(3))
		m.in("x", flawed(r, noise(r, d...)))
		m.let("s", noise(r, d[1]))
		m.let("b", noise(r, d[1]))
		m.add(node("Sigmoid", "x", "a"), node("InstanceNormalization", pick(r, "x s b", "a s b"), "c", float("epsilon", 0.01)), node("Neg", "c", "y"))
		return m
	}},
	{"GroupNormalization", func(r *rand.Rand) *model {
		m, groups := newModel(), 1+r.IntN(4)
		c := groups * (1 + r.IntN(9))
		m.opset = pick[int64](r, 18, 21)
		each := groups
		if m.opset == 21 {
			each = c
		}
		m.in("x", flawed(r, noise(r, 1+r.IntN(3), c, 1+r.IntN(6), 1+r.IntN(6))))
		m.let("s", noise(r, each))
		m.let("b", noise(r, each))
		m.let("w", noise(r, 3, c, 1, 1)) // reads the lanes behind the channels
		m.add(node("GroupNormalization", "x s b", "c", integer("num_groups", groups), float("epsilon", 0.01)), node("Conv", "c w", "d"),
			node("GlobalAveragePool", "d", "y"))
		return m
	}},
	{"GroupNormalization, of older exporters", func(r *rand.Rand) *model {
		m, groups := newModel(), 1+r.IntN(4)
		c := groups * (1 + r.IntN(5))
		m.in("x", flawed(r, noise(r, 1+r.IntN(3), 3, 1+r.IntN(6), 1+r.IntN(6))))
		m.let("w", noise(r, c, 3, 1, 1))
		m.let("to", tensor.Vector(0, int64(groups), -1))
		m.let("s", noise(r, groups))
		m.let("b", noise(r, groups))
		m.let("g", noise(r, c, 1, 1))
		m.add(node("Conv", "x w", "a"), node("Shape", "a", "back"), node("Reshape", "a to", "c"), node("InstanceNormalization", "c s b", "d", float("epsilon", 0.01)),
			node("Reshape", "d back", "e"), node("Mul", "e g", "f"), node("Sigmoid", "f", "y"))
		return m
	}},
	{"reductions", randomReduce},
	{"reductions of separated dimensions", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 3+r.IntN(2))
		d[len(d)-1] = 4 * (1 + r.IntN(2)) // dimensions behind a run have no gaps
		axes := r.Perm(len(d))[:1+r.IntN(len(d))]
		m.in("x", noise(r, d...))
		m.add(node("Relu", "x", "a"), node(pick(r, "ReduceMean", "ReduceL1", "ReduceL2", "ReduceSumSquare"), "a", "b", ints("axes", axes...), integer("keepdims", r.IntN(2))),
			node("Tanh", "b", "y"))
		return m
	}},
	{"Einsum", randomEinsum},
	{"Softmax of any dimension", func(r *rand.Rand) *model {
		m, rank := newModel(), 1+r.IntN(4)
		m.in("x", noise(r, dims(r, rank)...))
		m.add(node("Sigmoid", "x", "a"), node(pick(r, "Softmax", "LogSoftmax"), "a", "b", integer("axis", r.IntN(rank))), node("Exp", "b", "y"))
		return m
	}},
	{"Transpose", func(r *rand.Rand) *model {
		m, rank := newModel(), 1+r.IntN(4)
		m.in("x", noise(r, dims(r, rank)...))
		m.add(node("Relu", "x", "a"), node("Transpose", "a", "b", ints("perm", r.Perm(rank)...)), node("Neg", "b", "y"))
		return m
	}},
	{"Transpose of a picture", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 2, c, 3, 5))
		m.let("w", noise(r, c, c, 1, 1))
		m.add(node("Conv", "x w", "a"), node("Transpose", "a", "b", ints("perm", r.Perm(4)...)), node("Sigmoid", "b", "y"))
		return m
	}},
	{"Reshape", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 2, c, 3, 4))
		m.let("w", noise(r, c, c, 1, 1))
		m.let("s", tensor.Vector(pick(r, []int64{2, -1}, []int64{-1, 3}, []int64{3, 4, -1}, []int64{2, int64(c), 12}, []int64{-1})...))
		m.add(node("Conv", "x w", "a"), node("Reshape", "a s", "b"), node("Sigmoid", "b", "y"))
		return m
	}},
	{"Concat", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 2+r.IntN(3))
		axis := r.IntN(len(d))
		for _, name := range []string{"p", "q", "s"} {
			e := append([]int{}, d...)
			e[axis] = size(r)
			m.in(name, noise(r, e...))
		}
		m.add(node("Sigmoid", "p", "a"), node("Concat", "a q s", "b", integer("axis", axis)), node("Exp", "b", "y"))
		return m
	}},
	{"Concat of pictures", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 1, c, 3, 4))
		for _, name := range []string{"u", "v", "w"} {
			m.let(name, noise(r, size(r), c, 1, 1))
		}
		m.add(node("Conv", "x u", "a"), node("Conv", "x v", "b"), node("Concat", "a b x", "d", integer("axis", 1)), node("Sigmoid", "d", "e"),
			node("GlobalAveragePool", "e", "y"))
		return m
	}},
	{"Split", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 1+r.IntN(4))
		axis := r.IntN(len(d))
		d[axis] = 5
		m.in("x", noise(r, d...))
		m.let("s", tensor.Vector[int64](2, 3))
		m.add(node("Relu", "x", "a"), node("Split", "a s", "b c", integer("axis", axis)), node("Sigmoid", "b", "y"), node("Exp", "c", "z"))
		m.outputs = []string{"y", "z"}
		return m
	}},
	{"Slice", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 1+r.IntN(4))
		axis := r.IntN(len(d))
		d[axis] = 7
		m.in("x", noise(r, d...))
		step := pick[int64](r, 1, 1, 2, -1, -3, 100)
		from, to := int64(r.IntN(3)), int64(4+r.IntN(9))
		if step < 0 {
			from, to = to, from
		}
		m.let("from", tensor.Vector(from))
		m.let("to", tensor.Vector(to))
		m.let("axes", tensor.Vector(int64(axis-pick(r, 0, len(d)))))
		m.let("steps", tensor.Vector(step))
		m.add(node("Relu", "x", "a"), node("Slice", "a from to axes steps", "b"), node("Sigmoid", "b", "y"))
		return m
	}},
	{"Pad", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 1+r.IntN(4))
		pads := make([]int64, 2*len(d))
		for i := range pads {
			if pads[i] = int64(r.IntN(4)); d[i%len(d)] > 4 && r.IntN(3) == 0 {
				pads[i] = -int64(r.IntN(3))
			}
		}
		m.in("x", noise(r, d...))
		m.let("p", tensor.Vector(pads...))
		m.let("v", tensor.Scalar(pick(r, 0, 1.5, float32(math.Inf(-1)))))
		m.add(node("Relu", "x", "a"), node("Pad", pick(r, "a p", "a p v"), "b"), node("Sigmoid", "b", "y"))
		return m
	}},
	{"LRN", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 1+r.IntN(2), 3, 3, 4))
		m.let("w", noise(r, c, 3, 1, 1)) // says how many channels there are
		m.add(node("Conv", "x w", "a"), node("LRN", "a", "b", integer("size", 1+r.IntN(7)), float("alpha", pick[float32](r, 1e-4, 0.5)),
			float("beta", pick[float32](r, 0.75, 1)), float("bias", pick[float32](r, 1, 2))), node("Sigmoid", "b", "y"))
		return m
	}},
	{"Pad of pictures", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 1, c, 3, 4))
		m.let("w", noise(r, size(r), c, 1, 1))
		m.let("p", tensor.Vector(int64(r.IntN(3)), int64(r.IntN(3)), int64(r.IntN(3)), int64(r.IntN(3))))
		m.let("v", tensor.Scalar(pick[float32](r, 0, 1.5)))
		m.let("axes", tensor.Vector(int64(2), pick[int64](r, -1, -3)))
		m.opset = 18
		m.add(node("Conv", "x w", "a"), node("Pad", "a p v axes", "b"), node("Sigmoid", "b", "e"), node("GlobalAveragePool", "e", "y"))
		return m
	}},
	{"Resize of pictures", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.in("x", noise(r, 1+r.IntN(2), c, 1+r.IntN(6), 1+r.IntN(6)))
		scale := func() float32 { return pick[float32](r, 0.5, 1, 1.3, 2, 2, 3) }
		m.let("s", tensor.Vector(1, 1, scale(), scale()))
		for i, s := range tensor.Data[float32](m.constants["s"]) { // at least one pixel must be left
			if i > 1 && s < 1 {
				tensor.Data[float32](m.constants["s"])[i] = 1
			}
		}
		m.add(node("Sigmoid", "x", "a"), node("Resize", "a  s", "b",
			onnxtest.Attr("mode", pick(r, "nearest", "linear")),
			onnxtest.Attr("nearest_mode", pick(r, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")),
			onnxtest.Attr("coordinate_transformation_mode", pick(r, "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"))),
			node("Exp", "b", "y"))
		return m
	}},
	{"Resize of rows", func(r *rand.Rand) *model {
		m := newModel()
		m.in("x", noise(r, 2, size(r), 1+r.IntN(9)))
		m.let("s", tensor.Vector(float32(1), 1, pick[float32](r, 1, 1.5, 2)))
		m.add(node("Resize", "x  s", "y", onnxtest.Attr("mode", pick(r, "nearest", "linear"))))
		return m
	}},
	{"Pad with elements of pictures", func(r *rand.Rand) *model {
		m, c := newModel(), size(r)
		m.opset = 19
		x := noise(r, 1+r.IntN(2), c, 2+r.IntN(5), 2+r.IntN(5))
		data := tensor.Data[float32](x)
		data[r.IntN(len(data))] = pick(r, float32(math.NaN()), float32(math.Inf(1)))
		m.in("x", x)
		m.let("p", tensor.Vector(0, 0, int64(r.IntN(9)-1), int64(r.IntN(4)), 0, 0, int64(r.IntN(3)), int64(r.IntN(9)-1)))
		m.add(node("Relu", "x", "a"), node("Pad", "a p", "b", onnxtest.Attr("mode", pick(r, "reflect", "edge", "wrap"))), node("Neg", "b", "y"))
		return m
	}},
	{"Upsample, and Pad of rows", func(r *rand.Rand) *model {
		m := newModel()
		m.opset = 9
		m.in("x", noise(r, 2, size(r), 2+r.IntN(4), 3))
		m.let("s", tensor.Vector[float32](1, 1, 2, float32(1+r.IntN(3))))
		m.let("t", tensor.Vector[int64](2, 3, -1))
		m.add(node("Upsample", "x s", "a", onnxtest.Attr("mode", pick(r, "nearest", "linear"))), node("Reshape", "a t", "b"),
			node("Pad", "b", "y", onnxtest.Attr("mode", pick(r, "reflect", "edge")), ints("pads", 0, 0, r.IntN(3), 0, 0, r.IntN(3))))
		return m
	}},
	{"Expand", func(r *rand.Rand) *model {
		m, d := newModel(), dims(r, 1+r.IntN(3))
		to := []int64{}
		if r.IntN(2) == 0 {
			to = append(to, 2)
		}
		for i := range d {
			to = append(to, int64(d[i]))
			if r.IntN(2) == 0 {
				d[i] = 1
			}
		}
		m.in("x", noise(r, d...))
		m.let("s", tensor.Vector(to...))
		m.add(node("Relu", "x", "a"), node("Expand", "a s", "b"), node("Sigmoid", "b", "y"))
		return m
	}},
}

// flawed puts a NaN or an infinity into a tensor now and then.
func flawed(r *rand.Rand, t *tensor.Tensor) *tensor.Tensor {
	if data := tensor.Data[float32](t); r.IntN(4) == 0 {
		data[r.IntN(len(data))] = pick(r, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)))
	}
	return t
}

func randomConv(r *rand.Rand) *model {
	m := newModel()
	group := pick(r, 1, 1, 1, 2, 3, 4)
	in, out := group*(1+r.IntN(6)), group*(1+r.IntN(6))
	m.in("x", noise(r, 1+r.IntN(2), in, 5+r.IntN(8), 5+r.IntN(8)))
	kh, kw := pick(r, 1, 2, 3), pick(r, 1, 2, 3)
	m.let("w", noise(r, out, in/group, kh, kw))
	m.let("b", noise(r, out))
	attrs := node("Conv", pick(r, "x w b", "x w"), "y", integer("group", group), ints("strides", 1+r.IntN(3), 1+r.IntN(3)),
		ints("dilations", 1+r.IntN(2), 1+r.IntN(2)))
	if r.IntN(4) == 0 {
		attrs.Attributes = append(attrs.Attributes, onnxtest.Attr("auto_pad", pick(r, "SAME_UPPER", "SAME_LOWER", "VALID")))
	} else {
		attrs.Attributes = append(attrs.Attributes, ints("pads", r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3)))
	}
	m.add(attrs)
	return m
}

func randomConvTranspose(r *rand.Rand) *model {
	m := newModel()
	group := pick(r, 1, 1, 1, 2, 3, 8)
	in, out := group*(1+r.IntN(6)), group*(1+r.IntN(6))
	if r.IntN(5) == 0 { // depthwise
		group = pick(r, 4, 8, 12, 7)
		in, out = group, group
	}
	h, w := 1+r.IntN(7), 1+r.IntN(7)
	m.in("x", noise(r, 1+r.IntN(2), in, h, w))
	kh, kw := 1+r.IntN(5), 1+r.IntN(5)
	sh, sw := 1+r.IntN(4), 1+r.IntN(4)
	m.let("w", noise(r, in, out/group, kh, kw))
	m.let("b", noise(r, out))
	n := node("ConvTranspose", pick(r, "x w b", "x w"), "y", integer("group", group), ints("strides", sh, sw),
		ints("dilations", pick(r, 1, 1, 2), pick(r, 1, 1, 3)), ints("output_padding", r.IntN(sh), r.IntN(sw)))
	switch r.IntN(5) {
	case 0:
		n.Attributes = append(n.Attributes, onnxtest.Attr("auto_pad", pick(r, "SAME_UPPER", "SAME_LOWER", "VALID")))
	case 1:
		n.Attributes = append(n.Attributes, ints("output_shape", h*sh, w*sw+r.IntN(3)))
	default: // each cuts less than a window off
		n.Attributes = append(n.Attributes, ints("pads", r.IntN((kh+1)/2), r.IntN((kw+1)/2), r.IntN((kh+1)/2), r.IntN((kw+1)/2)))
	}
	m.add(n)
	return m
}

func randomUnary(r *rand.Rand) *model {
	m := newModel()
	names := []string{"Abs", "Ceil", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Mish", "Neg", "Reciprocal",
		"Relu", "Round", "Sigmoid", "Softplus", "Sqrt", "Tanh", "Gelu", "Swish"}
	m.opset = 24
	m.in("x", positive(r, dims(r, 1+r.IntN(4))...))
	m.add(node(pick(r, names...), "x", "a"), node(pick(r, names...), "a", "y"))
	return m
}

func randomBinary(r *rand.Rand) *model {
	m := newModel()
	d := dims(r, 1+r.IntN(4))
	other := append([]int{}, d...)
	switch r.IntN(5) {
	case 0: // one row
		other = other[len(d)-1:]
	case 1: // one element of each row
		other[len(d)-1] = 1
	case 2: // one number
		other = []int{1}
	case 3: // one channel for each
		for i := range other {
			if i > 1 {
				other[i] = 1
			}
		}
	}
	m.in("x", noise(r, d...))
	if r.IntN(2) == 0 {
		m.let("c", positive(r, other...))
	} else {
		m.in("c", positive(r, other...))
	}
	in := pick(r, "a c", "c a")
	typ := pick(r, "Add", "Sub", "Mul", "Div", "Min", "Max", "Sum")
	if typ == "Div" {
		in = "a c"
	}
	m.add(node("Sigmoid", "x", "a"), node(typ, in, "b"), node("Exp", "b", "y"))
	return m
}

func randomReduce(r *rand.Rand) *model {
	m, d := newModel(), dims(r, 1+r.IntN(4))
	first := r.IntN(len(d))
	last := first + r.IntN(len(d)-first)
	if last < len(d)-2 { // the dimensions behind have no gaps together
		d[len(d)-1-r.IntN(len(d)-1-last)] = 4 * (1 + r.IntN(3))
	}
	m.in("x", noise(r, d...))
	var axes []int
	for i := first; i <= last; i++ {
		axes = append(axes, i-pick(r, 0, len(d)))
	}
	typ := pick(r, "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
	n := node(typ, "a", "b", integer("keepdims", r.IntN(2)))
	if typ == "ReduceSum" {
		list := []int64{}
		for _, a := range axes {
			list = append(list, int64(a))
		}
		m.let("axes", tensor.Vector(list...))
		n.Inputs = append(n.Inputs, "axes")
	} else {
		n.Attributes = append(n.Attributes, ints("axes", axes...))
	}
	m.add(node("Relu", "x", "a"), n, node("Sigmoid", "b", "y"))
	return m
}

// randomEinsum makes an equation of two terms: letters in any order, of batches and one
// of each other kind, since several cannot be joined if their sizes are not known.
func randomEinsum(r *rand.Rand) *model {
	m := newModel()
	sizes, next := map[byte]int{}, byte('a')
	letters := func(n int) (out []byte) {
		for range n {
			sizes[next] = 1 + r.IntN(6)
			out = append(out, next)
			next++
		}
		return out
	}
	batch, rows, columns, sum := letters(r.IntN(3)), letters(1), letters(1), letters(1)
	term := func(kinds ...[]byte) (string, []int) {
		all := slices.Concat(kinds...)
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var d []int
		for _, l := range all {
			d = append(d, sizes[l])
		}
		return string(all), d
	}
	a, da := term(batch, rows, sum)
	b, db := term(batch, columns, sum)
	y, _ := term(batch, rows, columns)
	m.in("p", noise(r, da...))
	if r.IntN(2) == 0 {
		m.in("q", noise(r, db...))
	} else {
		m.let("q", noise(r, db...))
	}
	m.add(node("Relu", "p", "c"), node("Einsum", "c q", "d", onnxtest.Attr("equation", a+","+b+"->"+y)), node("Sigmoid", "d", "y"))
	return m
}

// rounds is the number of models of each family.
const rounds = 40

// TestRandom compares random small models with the plain operators.
func TestRandom(t *testing.T) { testFamilies(t, families) }

func testFamilies(t *testing.T, families []family) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			for seed := range uint64(rounds) {
				r := rand.New(rand.NewPCG(seed, 1))
				m := f.make(r)
				ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
					for _, n := range m.check(t, 1e-4) {
						t.Errorf("%v %s runs without a kernel\n%s", n.Type, n.Path, m.graph(t).Text())
					}
					if t.Failed() {
						t.Log("\n" + m.graph(t).Text() + fmt.Sprint(m.shapes()))
					}
				})
				if !ok {
					t.Log("\n" + m.graph(t).Text() + fmt.Sprint(m.shapes()))
					return
				}
			}
		})
	}
}
