package op

import "testing"

// TestWindow checks sizes and paddings against the formulas of the
// specification, worked out by hand.
func TestWindow(t *testing.T) {
	ints := func(v ...int64) []int64 { return v }
	for _, c := range []struct {
		name            string
		attrs           Attrs
		in, kernel      int
		out, begin, end int
	}{
		{"plain", nil, 7, 3, 5, 0, 0},
		{"stride leaves a rest", Attrs{"strides": ints(2)}, 8, 3, 3, 0, 0},
		{"pads", Attrs{"pads": ints(1, 2)}, 7, 3, 8, 1, 2},
		{"dilation", Attrs{"dilations": ints(3)}, 7, 3, 1, 0, 0},
		{"ceil", Attrs{"strides": ints(2), "ceil_mode": int64(1)}, 8, 3, 4, 0, 0},
		{"ceil without a rest", Attrs{"strides": ints(2), "ceil_mode": int64(1)}, 7, 3, 3, 0, 0},
		{"ceil, last window in the padding", Attrs{"strides": ints(2), "ceil_mode": int64(1), "pads": ints(0, 1)}, 2, 1, 1, 0, 1},
		{"ceil, last window in the input", Attrs{"strides": ints(2), "ceil_mode": int64(1), "pads": ints(1, 1)}, 2, 1, 2, 1, 1},
		{"same upper, odd", Attrs{"auto_pad": "SAME_UPPER"}, 5, 4, 5, 1, 2},
		{"same lower, odd", Attrs{"auto_pad": "SAME_LOWER"}, 5, 4, 5, 2, 1},
		{"same with stride", Attrs{"auto_pad": "SAME_UPPER", "strides": ints(2)}, 5, 3, 3, 1, 1},
		{"same with stride beyond the kernel", Attrs{"auto_pad": "SAME_UPPER", "strides": ints(4)}, 5, 1, 2, 0, 0},
		{"same with dilation", Attrs{"auto_pad": "SAME_UPPER", "dilations": ints(2)}, 5, 3, 5, 2, 2},
		{"valid", Attrs{"auto_pad": "VALID", "strides": ints(2)}, 6, 3, 2, 0, 0},
		{"size not known", nil, -1, 3, -1, 0, 0},
		{"kernel not known", nil, 7, -1, -1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := readWindow(c.attrs)
			if err != nil {
				t.Fatal(err)
			}
			s, err := w.spans([]int{c.in}, []int{c.kernel})
			if err != nil {
				t.Fatal(err)
			}
			if s[0].out != c.out || s[0].begin != c.begin || s[0].end != c.end {
				t.Errorf("output %d, pads %d and %d, want %d, %d and %d", s[0].out, s[0].begin, s[0].end, c.out, c.begin, c.end)
			}
		})
	}
}

// TestConvTransposeWindow does the same for ConvTranspose.
func TestConvTransposeWindow(t *testing.T) {
	ints := func(v ...int64) []int64 { return v }
	for _, c := range []struct {
		name            string
		attrs           Attrs
		in, kernel      int
		out, begin, end int
	}{
		{"plain", nil, 3, 3, 5, 0, 0},
		{"stride", Attrs{"strides": ints(2)}, 3, 3, 7, 0, 0},
		{"pads", Attrs{"strides": ints(2), "pads": ints(1, 0)}, 3, 3, 6, 1, 0},
		{"output_padding", Attrs{"strides": ints(2), "output_padding": ints(1)}, 3, 3, 8, 0, 0},
		{"dilation", Attrs{"dilations": ints(2)}, 3, 3, 7, 0, 0},
		{"output_shape, odd padding", Attrs{"strides": ints(2), "output_shape": ints(6)}, 3, 3, 6, 1, 0},
		{"output_shape, same upper", Attrs{"strides": ints(2), "output_shape": ints(6), "auto_pad": "SAME_UPPER"}, 3, 3, 6, 0, 1},
		{"output_shape beyond", Attrs{"output_shape": ints(9)}, 3, 3, 9, 0, 0},
		{"same upper", Attrs{"strides": ints(2), "auto_pad": "SAME_UPPER"}, 3, 3, 6, 0, 1},
		{"same lower", Attrs{"strides": ints(2), "auto_pad": "SAME_LOWER"}, 3, 3, 6, 1, 0},
		{"size not known", nil, -1, 3, -1, 0, 0},
		{"only the output is known", Attrs{"output_shape": ints(9)}, -1, -1, 9, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := Node{Type: "ConvTranspose", Opset: 11, Attrs: c.attrs, Inputs: []string{"x", "w"}, Outputs: []string{"y"}}
			o, err := newConvTranspose(n)
			if err != nil {
				t.Fatal(err)
			}
			s, err := o.(*ruled).rule.(inFloat32).rule.(*convTranspose).spans([]int{c.in}, []int{c.kernel})
			if err != nil {
				t.Fatal(err)
			}
			if s[0].out != c.out || s[0].begin != c.begin || s[0].end != c.end {
				t.Errorf("output %d, pads %d and %d, want %d, %d and %d", s[0].out, s[0].begin, s[0].end, c.out, c.begin, c.end)
			}
		})
	}
}
