package native_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"larder/model/engine"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/pass"
	"larder/model/tensor"
)

// quantModel makes quantised models: constants of scales and zero points by
// name.
type quantModel struct {
	*model
	r    *rand.Rand
	last int
}

func newQuantModel(r *rand.Rand) *quantModel { return &quantModel{newModel(), r, 0} }

func (m *quantModel) name() string {
	m.last++
	return fmt.Sprintf("v%d", m.last)
}

// grid adds a scale and a zero point for values of about a size, and returns
// their names.
func (m *quantModel) grid(size float32) (scale, zero string) {
	scale, zero = m.name(), m.name()
	m.let(scale, tensor.Scalar(size/127*(0.6+0.5*m.r.Float32())))
	if m.r.IntN(2) == 0 {
		m.let(zero, tensor.Scalar(pick[uint8](m.r, 0, 255, 128, 113)))
	} else {
		m.let(zero, tensor.Scalar(pick[int8](m.r, 0, -128, 127, 5)))
	}
	return scale, zero
}

// through puts a value through QuantizeLinear and back.
func (m *quantModel) through(x string, size float32) string {
	s, z := m.grid(size)
	return m.on(x, s, z)
}

// on is through on a given grid.
func (m *quantModel) on(x, s, z string) string {
	q, y := m.name(), m.name()
	m.add(node("QuantizeLinear", x+" "+s+" "+z, q), node("DequantizeLinear", q+" "+s+" "+z, y))
	return y
}

// weight adds quantised weights, with a scale for each channel of an axis or one
// for all, and returns the name of their floats.
func (m *quantModel) weight(axis int, dims ...int) string {
	w, s, y := m.name(), m.name(), m.name()
	t := tensor.Must(tensor.New(tensor.Int8, dims...))
	for i := range tensor.Data[int8](t) {
		tensor.Data[int8](t)[i] = pick[int8](m.r, -128, 127, int8(m.r.IntN(256)-128), int8(m.r.IntN(256)-128))
	}
	m.let(w, t)
	if m.r.IntN(2) == 0 {
		m.let(s, tensor.Scalar[float32](0.01))
		m.add(node("DequantizeLinear", w+" "+s, y))
		return y
	}
	m.let(s, positive(m.r, dims[axis]))
	for i := range tensor.Data[float32](m.constants[s]) {
		tensor.Data[float32](m.constants[s])[i] /= 100
	}
	m.add(node("DequantizeLinear", w+" "+s, y, integer("axis", axis)))
	return y
}

func (m *quantModel) bias(n int) string {
	b := m.name()
	m.let(b, noise(m.r, n))
	return b
}

var quantFamilies = []struct {
	name string
	make func(m *quantModel, r *rand.Rand)
	host int // steps without a kernel
}{
	{"Conv, Relu", func(m *quantModel, r *rand.Rand) {
		c, n, k := size(r), size(r), pick(r, 1, 1, 3, 2)
		m.in("x", noise(r, 1+r.IntN(2), c, 5+r.IntN(7), 5+r.IntN(7)))
		x, w := m.through("x", 2), m.weight(0, n, c, k, k)
		p, s := r.IntN(k), 1+r.IntN(2)
		m.add(node("Conv", x+" "+w+" "+m.bias(n), "a", ints("pads", p, p, p, p), ints("strides", s, s)), node("Relu", "a", "b"), node("Identity", m.through("b", 20), "y"))
	}, 0},
	{"Conv of groups", func(m *quantModel, r *rand.Rand) {
		g, c, n := 2+r.IntN(3), 1+r.IntN(6), 1+r.IntN(6)
		m.in("x", noise(r, 1, g*c, 6, 7))
		x, w := m.through("x", 2), m.weight(0, g*n, c, 3, 3)
		m.add(node("Conv", x+" "+w, "a", integer("group", g), ints("pads", 1, 0, 1, 2)), node("Neg", "a", "y"))
	}, 0},
	{"depthwise Conv", func(m *quantModel, r *rand.Rand) {
		c, k := 2+r.IntN(40), pick(r, 3, 5, 3, 2)
		m.in("x", noise(r, 1+r.IntN(2), c, 5+r.IntN(12), 5+r.IntN(12)))
		x, w := m.through("x", 2), m.weight(0, c, 1, k, k)
		s, d := 1+r.IntN(2), 1
		if r.IntN(4) == 0 {
			d = 2
		}
		m.let("hi", tensor.Scalar[float32](6))
		m.let("lo", tensor.Scalar[float32](0))
		m.add(node("Conv", x+" "+w+" "+m.bias(c), "a", integer("group", c), ints("strides", s, s), ints("dilations", d, d), ints("pads", 4, 1, k, 4)),
			node("Clip", "a lo hi", "b"), node("Relu", m.through("b", 6), "y"))
	}, 0},
	{"residual, mean, classes", func(m *quantModel, r *rand.Rand) {
		c, n := 4+r.IntN(30), size(r)
		m.in("x", noise(r, 1+r.IntN(2), c, 6, 5))
		x := m.through("x", 2)
		m.add(node("Conv", x+" "+m.weight(0, c, c, 1, 1), "a"))
		m.add(node("Add", m.through("a", 30)+" "+x, "s"), node("Relu", "s", "t"))
		m.add(node("GlobalAveragePool", m.through("t", 30), "p"))
		m.add(node("Flatten", m.through("p", 8), "f"))
		m.add(node("Gemm", "f "+m.weight(0, n, c)+" "+m.bias(n), "g", integer("transB", 1)), node("Identity", m.through("g", 20), "y"))
	}, 0},
	{"MaxPool, Concat", func(m *quantModel, r *rand.Rand) {
		c := 1 + r.IntN(20)
		m.in("x", noise(r, 1+r.IntN(2), c, 8, 9))
		x := m.through("x", 2)
		m.add(node("MaxPool", x, "p", ints("kernel_shape", 3, 3), ints("pads", 1, 1, 1, 1), ints("strides", 2, 2)))
		s, z := m.grid(3)
		m.add(node("Conv", x+" "+m.weight(0, c, c, 3, 3), "a", ints("pads", 1, 1, 1, 1), ints("strides", 2, 2)))
		m.add(node("Concat", m.on("p", s, z)+" "+m.on("a", s, z), "c", integer("axis", 1)), node("Identity", m.on("c", s, z), "y"))
	}, 0},
	{"functions as tables, gate", func(m *quantModel, r *rand.Rand) {
		c, n := 4*(1+r.IntN(6)), size(r)
		m.in("x", noise(r, 1+r.IntN(2), c, 5, 7))
		x := m.through("x", 6)
		m.let("three", tensor.Scalar[float32](3))
		m.add(node("Mul", x+" three", "a"), node("Tanh", "a", "b"), node("Mul", x+" b", "c"))
		y := m.through("c", 6)
		m.add(node("GlobalAveragePool", y, "d"), node("Conv", m.through("d", 3)+" "+m.weight(0, n, c, 1, 1), "e"))
		e := m.through("e", 8)
		m.add(node("Sigmoid", e, "f"), node("Mul", e+" f", "g"), node("Conv", m.through("g", 8)+" "+m.weight(0, c, n, 1, 1), "h"))
		m.add(node("HardSigmoid", m.through("h", 5), "i"))
		m.add(node("Mul", m.through("i", 1)+" "+y, "j"), node("Neg", m.through("j", 4), "y"))
	}, 0},
	{"product of one shape", func(m *quantModel, r *rand.Rand) {
		d := dims(r, 2+r.IntN(3))
		m.in("x", noise(r, d...))
		m.in("z", noise(r, d...))
		m.add(node("Mul", m.through("x", 2)+" "+m.through("z", 2), "a"), node("Neg", m.through("a", 3), "y"))
	}, 0},
	{"Concat of whole vectors", func(m *quantModel, r *rand.Rand) {
		c, n := 8*(1+r.IntN(3)), 8*(1+r.IntN(2))
		m.in("x", noise(r, 1+r.IntN(2), c, 4, 5))
		s, z := m.grid(3)
		x := m.on("x", s, z)
		m.add(node("Conv", x+" "+m.weight(0, n, c, 1, 1), "a"))
		m.add(node("Concat", m.on("a", s, z)+" "+x, "b", integer("axis", 1)))
		m.add(node("Neg", m.on("b", s, z), "y"))
	}, 0},
	{"MatMul", func(m *quantModel, r *rand.Rand) {
		d := dims(r, 2+r.IntN(2))
		n := size(r)
		m.in("x", noise(r, d...))
		x, w := m.through("x", 2), m.weight(1, d[len(d)-1], n)
		m.add(node("MatMul", x+" "+w, "a"), node("Add", "a "+m.bias(n), "b"), node("Neg", m.through("b", 20), "y"))
	}, 0},
	{"operators without a kernel for integers", func(m *quantModel, r *rand.Rand) {
		c := 1 + r.IntN(9)
		m.in("x", noise(r, 2, c, 4, 5))
		x := m.through("x", 2)
		m.add(node("Transpose", x, "t", ints("perm", 2, 3, 1, 0)))
		m.let("shape", tensor.Vector[int64](20, -1))
		m.add(node("Reshape", m.through("t", 2)+" shape", "u"), node("Identity", m.through("u", 2), "y"))
	}, 0},
	{"QLinearConv, QLinearMatMul", func(m *quantModel, r *rand.Rand) {
		c, n := size(r), size(r)
		m.in("x", noise(r, 1, c, 5, 4))
		s, z := m.grid(2)
		s2, z2 := m.grid(40)
		s3, z3 := m.grid(100)
		w, ws, wz, v := m.name(), m.name(), m.name(), m.name()
		weights, matrix := tensor.Must(tensor.New(tensor.Uint8, n, c, 3, 3)), tensor.Must(tensor.New(tensor.Uint8, 4, n))
		for _, t := range []*tensor.Tensor{weights, matrix} {
			for i := range tensor.Data[uint8](t) {
				tensor.Data[uint8](t)[i] = uint8(r.IntN(256))
			}
		}
		bias := make([]int32, n)
		for i := range bias {
			bias[i] = int32(r.IntN(2000) - 1000)
		}
		m.let(w, weights)
		m.let(v, matrix)
		m.let(ws, tensor.Scalar[float32](0.01))
		m.let(wz, tensor.Scalar[uint8](131))
		m.let("bias", tensor.Vector(bias...))
		m.add(onnxtest.Op("QuantizeLinear", []string{"x", s, z}, []string{"q"}),
			onnxtest.Op("QLinearConv", []string{"q", s, z, w, ws, wz, s2, z2, "bias"}, []string{"a"}, ints("pads", 1, 1, 1, 1)),
			onnxtest.Op("QLinearMatMul", []string{"a", s2, z2, v, ws, wz, s3, z3}, []string{"b"}),
			onnxtest.Op("DequantizeLinear", []string{"b", s3, z3}, []string{"y"}))
	}, 0},
	{"DynamicQuantizeLinear, ConvInteger", func(m *quantModel, r *rand.Rand) {
		c, n := size(r), 1+r.IntN(20)
		group, in := 1, c
		if r.IntN(2) == 0 {
			group, in, n = c, 1, c
		}
		m.in("x", noise(r, 1, c, 6, 7))
		m.dynamicProduct("ConvInteger", "x", "y", []int{n, in, 3, 3}, noise(r, 1, n, 1, 1), integer("group", group), ints("pads", 1, 1, 1, 1))
	}, 0},
	{"DynamicQuantizeLinear, MatMulInteger", func(m *quantModel, r *rand.Rand) {
		d, n := dims(r, 2+r.IntN(2)), size(r)
		m.in("x", noise(r, d...))
		m.dynamicProduct("MatMulInteger", "x", "y", []int{d[len(d)-1], n}, noise(r, n))
	}, 0},
}

// dynamicProduct adds the nodes that dynamic quantisation makes of a product.
func (m *quantModel) dynamicProduct(typ, x, y string, dims []int, bias *tensor.Tensor, attrs ...*onnx.Attribute) {
	w := tensor.Must(tensor.New(tensor.Uint8, dims...))
	for i := range tensor.Data[uint8](w) {
		tensor.Data[uint8](w)[i] = uint8(m.r.IntN(256))
	}
	m.let("w", w)
	m.let("wz", tensor.Scalar[uint8](120))
	m.let("ws", tensor.Scalar[float32](0.02))
	m.let("bias", bias)
	m.add(node("DynamicQuantizeLinear", x, "q s z"), node(typ, "q w z wz", "a", attrs...), node("Cast", "a", "f", integer("to", int(tensor.Float32))),
		node("Mul", "s ws", "t"), node("Mul", "f t", "g"), node("Add", "g bias", "h"), node("Relu", "h", y))
}

// TestIntegers compares random quantised models: kernels with the plain
// operators that passes make, to the last bit; and those with the operators of
// the file, of which few elements may differ by a step.
func TestIntegers(t *testing.T) {
	for _, f := range quantFamilies {
		t.Run(f.name, func(t *testing.T) {
			for seed := range uint64(25) {
				r := rand.New(rand.NewPCG(seed, 77))
				m := newQuantModel(r)
				f.make(m, r)
				want := run(t, engine.Reference{}, m.graph(t), m.list())[0]
				g := optimised(t, m.model)
				plain := run(t, engine.Reference{}, g, m.list())[0]
				got := run(t, planned(), optimised(t, m.model), m.list())[0]
				if !slices.Equal(tensor.Data[float32](got), tensor.Data[float32](plain)) {
					t.Fatalf("seed %d: kernels give %v, plain operators %v", seed, got, plain)
				}
				differ(t, tensor.Data[float32](plain), tensor.Data[float32](want))
				if steps := m.plan(t).HostSteps(); len(steps) != f.host {
					t.Fatalf("seed %d: %d steps without a kernel, the first %s", seed, len(steps), steps[0].Type)
				}
			}
		})
	}
}

// differ fails where many elements differ by more than rounding.
func differ(t *testing.T, got, want []float32) {
	t.Helper()
	most, far := float32(0), 0
	for i := range want {
		most = max(most, float32(math.Abs(float64(want[i]))))
	}
	for i := range want {
		if float32(math.Abs(float64(got[i]-want[i]))) > 2e-6*most {
			far++
		}
	}
	if far > 1+len(want)/20 {
		t.Fatalf("%d of %d elements differ", far, len(want))
	}
}

// TestIntegersUnfolded runs models without passes, where integers of 8 bits stay
// on the Go side.
func TestIntegersUnfolded(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	m := newQuantModel(r)
	quantFamilies[0].make(m, r)
	want := run(t, engine.Reference{}, m.graph(t), m.list())[0]
	g := m.graph(t)
	if err := pass.Run(g, nil); err != nil {
		t.Fatal(err)
	}
	differ(t, tensor.Data[float32](run(t, planned(), g, m.list())[0]), tensor.Data[float32](want))
}
