package native_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"larder/model/onnx"
	"larder/model/tensor"
)

// net builds a well-known architecture with random weights.
type net struct {
	*model
	r      *rand.Rand
	values int
	dry    bool // weights stay zeros: only shapes count
}

func newNet(dry bool, side int) *net {
	n := &net{newModel(), rand.New(rand.NewPCG(7, 7)), 0, dry}
	n.model.in("x", tensor.Must(tensor.New(tensor.Float32, 1, 3, side, side)))
	if !dry {
		n.feeds["x"] = noise(n.r, 1, 3, side, side)
	}
	return n
}

// weight adds a constant of random numbers with a spread.
func (n *net) weight(spread float64, dims ...int) string {
	t := tensor.Must(tensor.New(tensor.Float32, dims...))
	if !n.dry {
		for i := range tensor.Data[float32](t) {
			tensor.Data[float32](t)[i] = float32(n.r.NormFloat64() * spread)
		}
	}
	n.values++
	name := fmt.Sprint("w", n.values)
	n.let(name, t)
	return name
}

func (n *net) op(typ, in string, attrs ...*onnx.Attribute) string {
	n.values++
	out := fmt.Sprint("v", n.values)
	n.add(node(typ, in, out, attrs...))
	return out
}

// conv adds a convolution with a bias and an activation: "", relu, relu6 or silu.
func (n *net) conv(x string, in, out, k, stride, pad, group int, activation string) string {
	w := n.weight(math.Sqrt(2/float64(in/group*k*k)), out, in/group, k, k)
	y := n.op("Conv", x+" "+w+" "+n.weight(0.02, out), ints("kernel_shape", k, k), ints("strides", stride, stride),
		ints("pads", pad, pad, pad, pad), integer("group", group))
	switch activation {
	case "relu":
		y = n.op("Relu", y)
	case "relu6":
		if n.constants["six"] == nil {
			n.let("zero", tensor.Scalar[float32](0))
			n.let("six", tensor.Scalar[float32](6))
		}
		y = n.op("Clip", y+" zero six")
	case "silu":
		y = n.op("Mul", y+" "+n.op("Sigmoid", y))
	}
	return y
}

// classify adds the pool and the last product.
func (n *net) classify(x string, channels int) *model {
	f := n.op("Flatten", n.op("GlobalAveragePool", x))
	w := n.weight(1/math.Sqrt(float64(channels)), 1000, channels)
	n.add(node("Gemm", f+" "+w+" "+n.weight(0, 1000), "y", integer("transB", 1)))
	return n.model
}

// mobileNetV2 follows table 2 of M. Sandler et al., "MobileNetV2: Inverted
// Residuals and Linear Bottlenecks", 2018.
func mobileNetV2(n *net) *model {
	x, c := n.conv("x", 3, 32, 3, 2, 1, 1, "relu6"), 32
	for _, b := range [][4]int{{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}} {
		for i := range b[2] {
			stride := b[3]
			if i > 0 {
				stride = 1
			}
			before, wide := x, c*b[0]
			if b[0] > 1 {
				x = n.conv(x, c, wide, 1, 1, 0, 1, "relu6")
			}
			x = n.conv(x, wide, wide, 3, stride, 1, wide, "relu6")
			x = n.conv(x, wide, b[1], 1, 1, 0, 1, "")
			if stride == 1 && c == b[1] {
				x = n.op("Add", before+" "+x)
			}
			c = b[1]
		}
	}
	return n.classify(n.conv(x, c, 1280, 1, 1, 0, 1, "relu6"), 1280)
}

// resNet follows table 1 of K. He et al., "Deep Residual Learning for Image
// Recognition", 2016.
func resNet(n *net, blocks [4]int, bottleneck bool) *model {
	x, c := n.op("MaxPool", n.conv("x", 3, 64, 7, 2, 3, 1, "relu"), ints("kernel_shape", 3, 3), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)), 64
	for i, count := range blocks {
		width := 64 << i
		out := width
		if bottleneck {
			out *= 4
		}
		for k := range count {
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			short := x
			var y string
			if bottleneck {
				y = n.conv(x, c, width, 1, 1, 0, 1, "relu")
				y = n.conv(y, width, width, 3, stride, 1, 1, "relu")
				y = n.conv(y, width, out, 1, 1, 0, 1, "")
			} else {
				y = n.conv(x, c, width, 3, stride, 1, 1, "relu")
				y = n.conv(y, width, out, 3, 1, 1, 1, "")
			}
			if stride > 1 || c != out {
				short = n.conv(x, c, out, 1, stride, 0, 1, "")
			}
			x, c = n.op("Relu", n.op("Add", y+" "+short)), out
		}
	}
	return n.classify(x, c)
}

// squeezeNet follows version 1.1 of F. Iandola et al., "SqueezeNet", 2016.
func squeezeNet(n *net) *model {
	pool := func(x string) string {
		return n.op("MaxPool", x, ints("kernel_shape", 3, 3), ints("strides", 2, 2), integer("ceil_mode", 1))
	}
	x, c := pool(n.conv("x", 3, 64, 3, 2, 0, 1, "relu")), 64
	for i, f := range [][2]int{{16, 64}, {16, 64}, {32, 128}, {32, 128}, {48, 192}, {48, 192}, {64, 256}, {64, 256}} {
		if i == 2 || i == 4 {
			x = pool(x)
		}
		s := n.conv(x, c, f[0], 1, 1, 0, 1, "relu")
		x = n.op("Concat", n.conv(s, f[0], f[1], 1, 1, 0, 1, "relu")+" "+n.conv(s, f[0], f[1], 3, 1, 1, 1, "relu"), integer("axis", 1))
		c = 2 * f[1]
	}
	x = n.op("GlobalAveragePool", n.conv(x, c, 1000, 1, 1, 0, 1, "relu"))
	n.add(node("Flatten", x, "y"))
	return n.model
}

// efficientNet follows table 1 of M. Tan and Q. Le, "EfficientNet", 2019.
func efficientNet(n *net) *model {
	x, c := n.conv("x", 3, 32, 3, 2, 1, 1, "silu"), 32
	for _, b := range [][5]int{{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3}, {6, 40, 2, 2, 5}, {6, 80, 3, 2, 3}, {6, 112, 3, 1, 5}, {6, 192, 4, 2, 5}, {6, 320, 1, 1, 3}} {
		for i := range b[2] {
			stride := b[3]
			if i > 0 {
				stride = 1
			}
			before, wide := x, c*b[0]
			if b[0] > 1 {
				x = n.conv(x, c, wide, 1, 1, 0, 1, "silu")
			}
			x = n.conv(x, wide, wide, b[4], stride, b[4]/2, wide, "silu")
			s := n.conv(n.op("GlobalAveragePool", x), wide, max(1, c/4), 1, 1, 0, 1, "silu")
			x = n.op("Mul", x+" "+n.op("Sigmoid", n.conv(s, max(1, c/4), wide, 1, 1, 0, 1, "")))
			x = n.conv(x, wide, b[1], 1, 1, 0, 1, "")
			if stride == 1 && c == b[1] {
				x = n.op("Add", before+" "+x)
			}
			c = b[1]
		}
	}
	return n.classify(n.conv(x, c, 1280, 1, 1, 0, 1, "silu"), 1280)
}

var nets = []struct {
	name string
	make func(n *net) *model
}{
	{"MobileNetV2", mobileNetV2},
	{"ResNet-18", func(n *net) *model { return resNet(n, [4]int{2, 2, 2, 2}, false) }},
	{"ResNet-50", func(n *net) *model { return resNet(n, [4]int{3, 4, 6, 3}, true) }},
	{"SqueezeNet 1.1", squeezeNet},
	{"EfficientNet-B0", efficientNet},
}

// TestNets compares well-known nets on small pictures with the plain operators,
// and looks at the plan for pictures of the usual size.
func TestNets(t *testing.T) {
	for _, tt := range nets {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.make(newNet(true, 224)).plan(t)
			for _, n := range p.HostSteps() {
				t.Errorf("%s %s runs without a kernel", n.Type, n.Path)
			}
			t.Logf("%d steps, %d KiB of weights, %d KiB of arena, %d KiB of scratch", len(p.Steps), p.WeightBytes>>10, p.ArenaBytes>>10, p.ScratchBytes>>10)
			m := tt.make(newNet(false, 64))
			want := top(run(t, reference, m.graph(t), m.list())[0])
			if got := top(run(t, planned(), optimised(t, m), m.list())[0]); got != want {
				t.Errorf("class %d instead of %d", got, want)
			}
			m.check(t, 1e-3)
		})
	}
}

// top returns the index of the greatest element.
func top(t *tensor.Tensor) int {
	best := 0
	for i, v := range tensor.Data[float32](t) {
		if v > tensor.Data[float32](t)[best] {
			best = i
		}
	}
	return best
}
