package pre

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"larder/model/tensor"
)

func leafSpec(side int) *ImageSpec {
	one := []float64{1, 1, 1}
	return &ImageSpec{
		Color: RGB, Layout: NCHW,
		Resize:    Resize{Mode: Stretch, Width: side, Height: side, Filter: Bilinear},
		Normalize: Normalize{Divisor: 127.5, Mean: one, Std: one},
	}
}

func TestPreprocessLayoutsAndColours(t *testing.T) {
	img := &Image{Width: 2, Height: 1, Pix: []byte{10, 20, 30, 0, 40, 50, 60, 255}}
	tests := []struct {
		name   string
		color  Color
		layout Layout
		shape  tensor.Shape
		want   []float32
	}{
		{"rgb nchw", RGB, NCHW, tensor.Shape{1, 3, 1, 2}, []float32{10, 40, 20, 50, 30, 60}},
		{"rgb nhwc", RGB, NHWC, tensor.Shape{1, 1, 2, 3}, []float32{10, 20, 30, 40, 50, 60}},
		{"bgr nchw", BGR, NCHW, tensor.Shape{1, 3, 1, 2}, []float32{30, 60, 20, 50, 10, 40}},
		{"bgr nhwc", BGR, NHWC, tensor.Shape{1, 1, 2, 3}, []float32{30, 20, 10, 60, 50, 40}},
		{"gray nchw", Gray, NCHW, tensor.Shape{1, 1, 1, 2}, []float32{18, 48}},
		{"gray nhwc", Gray, NHWC, tensor.Shape{1, 1, 2, 1}, []float32{18, 48}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := &ImageSpec{Color: tt.color, Layout: tt.layout, Resize: Resize{Mode: Stretch, Width: 2, Height: 1, Filter: Bilinear}}
			spec.Normalize = identity(spec.Channels())
			got, err := Preprocess(img, spec)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Shape().Equal(tt.shape) {
				t.Errorf("shape %v, want %v", got.Shape(), tt.shape)
			}
			for i, v := range tensor.Data[float32](got) {
				if v != tt.want[i] {
					t.Errorf("element %d is %v, want %v", i, v, tt.want[i])
				}
			}
		})
	}
}

func TestNormalizeRoundsEveryStep(t *testing.T) {
	n := Normalize{Divisor: 255, Mean: []float64{0.485}, Std: []float64{0.229}}
	table := n.table(0)
	for v := range table {
		x := float32(v) / 255
		x -= 0.485
		x /= 0.229
		if table[v] != x {
			t.Fatalf("byte %d: got %v, want %v", v, table[v], x)
		}
	}
	leaf := leafSpec(1).Normalize.table(2)
	if leaf[0] != -1 || leaf[255] != 1 || leaf[66] != float32(66)/127.5-1 {
		t.Errorf("v/127.5 - 1 gives %v, %v, %v", leaf[0], leaf[255], leaf[66])
	}
}

func TestPreprocessRefuses(t *testing.T) {
	good := &Image{Width: 2, Height: 2, Pix: make([]byte, 16)}
	tests := []struct {
		name string
		img  *Image
		edit func(s *ImageSpec)
		want string // part of the message
	}{
		{"no picture", nil, nil, "no pixels"},
		{"no width", &Image{Height: 1}, nil, "no pixels"},
		{"short", &Image{Width: 2, Height: 2, Pix: make([]byte, 15)}, nil, "damaged"},
		{"too many pixels", &Image{Width: 8000, Height: 5000}, nil, "40.0 megapixels; the limit is 33.5"},
		{"just too many", &Image{Width: MaxPixels/4096 + 1, Height: 4096}, nil, "33.6 megapixels; the limit is 33.5"},
		{"too long", &Image{Width: 70000, Height: 1}, nil, "no side may be longer than 65535"},
		{"colour", good, func(s *ImageSpec) { s.Color = "cmyk" }, "color"},
		{"layout", good, func(s *ImageSpec) { s.Layout = "hw" }, "layout"},
		{"filter", good, func(s *ImageSpec) { s.Resize.Filter = "cubic" }, "resize.filter"},
		{"mode", good, func(s *ImageSpec) { s.Resize.Mode = "" }, "resize.mode"},
		{"zero side", good, func(s *ImageSpec) { s.Resize.Width = 0 }, "resize"},
		{"huge side", good, func(s *ImageSpec) { s.Resize.Height = 9000 }, "resize"},
		{"no crop", good, func(s *ImageSpec) { s.Resize = Resize{Mode: ShortestSide, Size: 9, Filter: Box} }, "crop"},
		{"large crop", good, func(s *ImageSpec) { s.Crop = &Crop{300, 2} }, "crop"},
		{"fit and crop", good, func(s *ImageSpec) { s.Resize.Mode, s.Crop = Fit, &Crop{1, 1} }, "crop"},
		{"empty crop", good, func(s *ImageSpec) { s.Crop = &Crop{0, 2} }, "crop"},
		{"divisor", good, func(s *ImageSpec) { s.Normalize.Divisor = 0 }, "divisor"},
		{"divisor nan", good, func(s *ImageSpec) { s.Normalize.Divisor = math.NaN() }, "divisor"},
		{"means", good, func(s *ImageSpec) { s.Normalize.Mean = []float64{1} }, "normalize"},
		{"mean", good, func(s *ImageSpec) { s.Normalize.Mean = []float64{1, math.Inf(1), 1} }, "mean"},
		{"std", good, func(s *ImageSpec) { s.Normalize.Std = []float64{1, 0, 1} }, "std"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spec := leafSpec(224)
			if tt.edit != nil {
				tt.edit(spec)
			}
			_, err := Preprocess(tt.img, spec)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want something with %q", err, tt.want)
			}
			var image *ImageError
			var field *SpecError
			if !errors.As(err, &image) && !errors.As(err, &field) {
				t.Errorf("%T is not typed", err)
			}
		})
	}
	if _, err := Preprocess(good, nil); err == nil {
		t.Error("a missing spec is accepted")
	}
}

func TestOrient(t *testing.T) {
	// a b
	// c d
	// e f
	img := &Image{Width: 2, Height: 3, Pix: letters("abcdef")}
	tests := []struct {
		exif, width int
		want        string
	}{
		{0, 2, "abcdef"}, {1, 2, "abcdef"}, {9, 2, "abcdef"},
		{2, 2, "badcfe"}, {3, 2, "fedcba"}, {4, 2, "efcdab"},
		{5, 3, "acebdf"}, {6, 3, "ecafdb"}, {7, 3, "fdbeca"}, {8, 3, "bdface"},
	}
	for _, tt := range tests {
		got := Orient(img, tt.exif)
		if got.Width != tt.width || got.Width*got.Height != 6 || string(got.Pix) != string(letters(tt.want)) {
			t.Errorf("orientation %d: %dx%d %q", tt.exif, got.Width, got.Height, got.Pix)
		}
	}
	broken := &Image{Width: 5, Height: 5, Pix: []byte{1}}
	if Orient(broken, 6) != broken {
		t.Error("a broken picture was touched")
	}
}

func letters(s string) []byte {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, c, c, c)
	}
	return b
}

// FuzzPreprocess runs every mode and filter on small pictures of any aspect.
func FuzzPreprocess(f *testing.F) {
	f.Add(uint16(5), uint16(4), uint8(3), uint8(7), uint8(0), uint8(1))
	f.Add(uint16(60000), uint16(1), uint8(1), uint8(1), uint8(2), uint8(5))
	f.Add(uint16(1), uint16(999), uint8(200), uint8(3), uint8(1), uint8(4))
	filters := []Filter{Nearest, Box, Bilinear, Hamming, Bicubic, Lanczos}
	f.Fuzz(func(t *testing.T, w, h uint16, outW, outH, mode, filter uint8) {
		if int(w)*int(h) > 1<<16 || w == 0 || h == 0 || outW == 0 || outH == 0 {
			return
		}
		spec := leafSpec(1)
		spec.Resize = Resize{Mode: []Mode{Stretch, Fit, ShortestSide}[mode%3], Width: int(outW), Height: int(outH), Filter: filters[filter%6]}
		if spec.Resize.Mode == ShortestSide {
			spec.Resize.Size = int(max(outW, outH))
			spec.Crop = &Crop{int(outW), int(outH)}
		}
		img := &Image{Width: int(w), Height: int(h), Pix: make([]byte, 4*int(w)*int(h))}
		for i := range img.Pix {
			img.Pix[i] = 200
		}
		x, err := Preprocess(img, spec)
		if err != nil {
			t.Fatal(err)
		}
		// A picture of one colour keeps it, whatever the weights, but for the
		// margins of fit, which are black.
		want := float32(200)/127.5 - 1
		for _, v := range tensor.Data[float32](x) {
			if v != want && !(spec.Resize.Mode == Fit && v == -1) {
				t.Fatalf("%v: got %v, want %v (%#x)", spec.Resize, v, want, binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
		}
	})
}
