package op

import (
	"math/rand/v2"
	"testing"

	"larder/model/tensor"
)

// naiveConv is the definition of Conv, one output at a time; shape is that of
// the output.
func naiveConv(c *conv, x, w, b *tensor.Tensor, shape tensor.Shape) *tensor.Tensor {
	spans, _ := c.spans(x.Shape()[2:], w.Shape()[2:])
	y, out := blank[float32](shape)
	xs, ws := tensor.Data[float32](x), tensor.Data[float32](w)
	kernel := newOdometer(w.Shape()[1:])
	to := newOdometer(shape)
	sx := x.Shape().Strides()
	for o := range out {
		group := to.at[1] / (shape[1] / c.group)
		sum := float64(0)
		for k := range product(w.Shape()[1:]) {
			at, inside := to.at[0]*sx[0]+(group*w.Dim(1)+kernel.at[0])*sx[1], true
			for i, s := range spans {
				p := to.at[i+2]*s.stride - s.begin + kernel.at[i+1]*s.dilation
				inside = inside && p >= 0 && p < s.in
				at += p * sx[i+2]
			}
			if inside {
				sum += float64(xs[at]) * float64(ws[to.at[1]*product(w.Shape()[1:])+k])
			}
			kernel.next()
		}
		if b != nil {
			sum += float64(tensor.Data[float32](b)[to.at[1]])
		}
		out[o] = float32(sum)
		to.next()
	}
	return y
}

// randomTensor returns a tensor of small random numbers.
func randomTensor(r *rand.Rand, shape ...int) *tensor.Tensor {
	t, d := blank[float32](shape)
	for i := range d {
		d[i] = float32(r.IntN(33)-16) / 8
	}
	return t
}

// randomConv returns a random convolution that keeps to the rules.
func randomConv(r *rand.Rand) opCase {
	rank, group := 1+r.IntN(3), 1+r.IntN(3)
	x := []int{1 + r.IntN(2), group * (1 + r.IntN(3))}
	w := []int{group * (1 + r.IntN(6)), x[1] / group}
	var strides, dilations []int64
	pads := make([]int64, 2*rank)
	for i := range rank {
		k, d := 1+r.IntN(3), 1+r.IntN(3)
		x, w = append(x, (k-1)*d+1+r.IntN(7)), append(w, k)
		strides, dilations = append(strides, int64(1+r.IntN(3))), append(dilations, int64(d))
		pads[i], pads[i+rank] = int64(r.IntN(3)), int64(r.IntN(3))
	}
	attrs := Attrs{"strides": strides, "dilations": dilations, "group": int64(group)}
	switch r.IntN(5) {
	case 0:
		attrs["auto_pad"] = "SAME_UPPER"
	case 1:
		attrs["auto_pad"] = "SAME_LOWER"
	case 2:
		attrs["auto_pad"] = "VALID"
	default:
		attrs["pads"] = pads
	}
	in := []*tensor.Tensor{randomTensor(r, x...), randomTensor(r, w...)}
	if r.IntN(2) == 0 {
		in = append(in, randomTensor(r, w[0]))
	}
	return opCase{typ: "Conv", attrs: attrs, in: in}
}

func TestConvAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		c := randomConv(r)
		got, err := runCase(t, c)
		if err != nil {
			t.Fatal(c.attrs, c.in, err)
		}
		plain, err := readConv(c.node())
		if err != nil {
			t.Fatal(err)
		}
		want := naiveConv(plain, c.in[0], c.in[1], tensorAt(c.in, 2), got[0].Shape())
		if !same(got[0], want, 1e-5) {
			t.Fatalf("Conv %v of %v differs from its definition", c.attrs, c.in)
		}
	}
}

func TestConvPatchesOverSeveralBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, w := range []tensor.Shape{{9, 5, 1, 1}, {6, 5, 3, 3}, {5, 5, 1, 3}} {
		c := opCase{typ: "Conv", in: []*tensor.Tensor{randomTensor(r, 2, 5, 13, 11), randomTensor(r, w...)}}
		got, err := runCase(t, c)
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := readConv(c.node())
		if !same(got[0], naiveConv(plain, c.in[0], c.in[1], nil, got[0].Shape()), 1e-5) {
			t.Errorf("Conv with weights %v differs from its definition", w)
		}
	}
}

// TestConvTransposeIsTranspose uses that <Conv(x), y> = <x, ConvTranspose(y)>.
func TestConvTransposeIsTranspose(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		c := randomConv(r)
		delete(c.attrs, "auto_pad")
		c.in = c.in[:2]
		got, err := runCase(t, c)
		if err != nil {
			t.Fatal(err)
		}
		x, y := c.in[0], randomTensor(r, got[0].Shape()...)
		plain, _ := readConv(c.node())
		spans, _ := plain.spans(x.Shape()[2:], c.in[1].Shape()[2:])
		var rest []int64 // inputs at the end that no window reaches
		for _, s := range spans {
			rest = append(rest, int64(s.in+s.begin+s.end-s.reach()-(s.out-1)*s.stride))
		}
		attrs := Attrs{"output_padding": rest}
		for k, v := range c.attrs {
			attrs[k] = v
		}
		back, err := runCase(t, opCase{typ: "ConvTranspose", attrs: attrs, in: []*tensor.Tensor{y, c.in[1]}})
		if err != nil {
			t.Fatal(attrs, y, c.in[1], err)
		}
		if !back[0].Shape().Equal(x.Shape()) {
			t.Fatalf("ConvTranspose %v gives %v, want %v", attrs, back[0], x)
		}
		a := dot(tensor.Data[float32](got[0]), tensor.Data[float32](y))
		b := dot(tensor.Data[float32](x), tensor.Data[float32](back[0]))
		if d := a - b; d > 0.05 || d < -0.05 {
			t.Fatalf("ConvTranspose %v: %v, want %v", attrs, b, a)
		}
	}
}

func TestConvRefuses(t *testing.T) {
	x, w := zeros(1, 2, 5, 5), zeros(4, 2, 3, 3)
	xw := []*tensor.Tensor{x, w}
	big := int64(1) << 40
	both := func(name string, attrs Attrs, in ...*tensor.Tensor) []opCase {
		return []opCase{{name: name, typ: "Conv", attrs: attrs, in: in}, {name: name, typ: "ConvTranspose", attrs: attrs, in: in}}
	}
	var cases []opCase
	cases = append(cases, both("zero stride", Attrs{"strides": []int64{0, 1}}, xw...)...)
	cases = append(cases, both("huge stride", Attrs{"strides": []int64{big, 1}}, xw...)...)
	cases = append(cases, both("zero dilation", Attrs{"dilations": []int64{1, 0}}, xw...)...)
	cases = append(cases, both("negative pads", Attrs{"pads": []int64{0, 0, -1, 0}}, xw...)...)
	cases = append(cases, both("odd pads", Attrs{"pads": []int64{0, 0, 1}}, xw...)...)
	cases = append(cases, both("pads of other rank", Attrs{"pads": []int64{1, 1}}, xw...)...)
	cases = append(cases, both("strides of other rank", Attrs{"strides": []int64{1}}, xw...)...)
	cases = append(cases, both("kernel_shape of other rank", Attrs{"kernel_shape": []int64{3}}, xw...)...)
	cases = append(cases, both("other kernel_shape", Attrs{"kernel_shape": []int64{3, 2}}, xw...)...)
	cases = append(cases, both("unknown auto_pad", Attrs{"auto_pad": "SAME"}, xw...)...)
	cases = append(cases, both("pads with auto_pad", Attrs{"auto_pad": "VALID", "pads": []int64{1, 1, 1, 1}}, xw...)...)
	cases = append(cases, both("group 0", Attrs{"group": int64(0)}, xw...)...)
	cases = append(cases, both("group does not divide", Attrs{"group": int64(3)}, xw...)...)
	cases = append(cases, both("attribute of other type", Attrs{"group": "1"}, xw...)...)
	cases = append(cases, both("no spatial dimension", nil, zeros(1, 2), zeros(4, 2))...)
	cases = append(cases, both("weights of other rank", nil, x, zeros(4, 2, 3))...)
	cases = append(cases, both("empty kernel", nil, x, zeros(2, 2, 0, 3))...)
	cases = append(cases, both("bias of other length", nil, x, zeros(2, 2, 3, 3), zeros(5))...)
	cases = append(cases, both("bias of rank 2", nil, x, zeros(2, 2, 3, 3), zeros(2, 1))...)
	cases = append(cases, both("types differ", nil, x, tensor.Must(tensor.New(tensor.Float64, 2, 2, 3, 3)))...)
	cases = append(cases, both("weights missing", nil, x)...)
	cases = append(cases, opCase{name: "channels differ", typ: "Conv", in: []*tensor.Tensor{x, zeros(4, 3, 3, 3)}},
		opCase{name: "kernel larger than input", typ: "Conv", in: []*tensor.Tensor{x, zeros(4, 2, 6, 3)}},
		opCase{name: "dilated kernel larger", typ: "Conv", attrs: Attrs{"dilations": []int64{1<<31 - 1, 1}}, in: xw},
		opCase{name: "channels differ", typ: "ConvTranspose", in: []*tensor.Tensor{x, zeros(3, 2, 3, 3)}},
		opCase{name: "pads exceed output", typ: "ConvTranspose", attrs: Attrs{"pads": []int64{9, 0, 9, 0}}, in: []*tensor.Tensor{x, zeros(2, 2, 3, 3)}},
		opCase{name: "output_shape of other rank", typ: "ConvTranspose", attrs: Attrs{"output_shape": []int64{9}}, in: []*tensor.Tensor{x, zeros(2, 2, 3, 3)}})
	checkRefused(t, Invalid, cases)
	checkRefused(t, Unsupported, []opCase{
		{name: "four spatial dimensions", typ: "Conv", in: []*tensor.Tensor{zeros(1, 1, 2, 2, 2, 2), zeros(1, 1, 1, 1, 1, 1)}},
		{name: "integers", typ: "Conv", in: []*tensor.Tensor{of(dims(1, 1, 1), int32(1)), of(dims(1, 1, 1), int32(1))}},
		{name: "huge output", typ: "Conv", attrs: Attrs{"pads": []int64{1 << 30, 1 << 30, 0, 0}}, in: xw},
		{name: "huge output", typ: "ConvTranspose", attrs: Attrs{"strides": []int64{1 << 30, 1 << 30}}, in: []*tensor.Tensor{x, zeros(2, 2, 3, 3)}},
	})
}

func TestConvEmpty(t *testing.T) {
	checkCases(t, []opCase{
		{name: "no images", typ: "Conv", in: []*tensor.Tensor{zeros(0, 2, 5, 5), zeros(4, 2, 3, 3)}, want: []*tensor.Tensor{zeros(0, 4, 3, 3)}},
		{name: "no input channels", typ: "Conv", in: []*tensor.Tensor{zeros(1, 0, 2), zeros(1, 0, 1), of(dims(1), float32(2))},
			want: []*tensor.Tensor{of(dims(1, 1, 2), float32(2), 2)}},
		{name: "no output channels", typ: "Conv", in: []*tensor.Tensor{zeros(1, 1, 2), zeros(0, 1, 1)}, want: []*tensor.Tensor{zeros(1, 0, 2)}},
	})
}

// BenchmarkConv measures the three ways of a convolution in MobileNetV2's sizes.
func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name  string
		x, w  []int
		group int64
	}{
		{"pointwise", []int{1, 96, 28, 28}, []int{32, 96, 1, 1}, 1},
		{"depthwise", []int{1, 96, 58, 58}, []int{96, 1, 3, 3}, 96},
		{"3x3", []int{1, 32, 30, 30}, []int{32, 32, 3, 3}, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := []*tensor.Tensor{randomTensor(r, c.x...), randomTensor(r, c.w...)}
			oc := opCase{typ: "Conv", attrs: Attrs{"group": c.group}, in: in}
			o, err := All().New(oc.node())
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				out, err := o.Run(in)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(out[0].Len()*product(c.w[1:]))*2, "flop")
			}
		})
	}
}
