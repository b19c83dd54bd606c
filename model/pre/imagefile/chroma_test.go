package imagefile

import (
	"image"
	"slices"
	"testing"

	"larder/model/pre"
)

// The expected numbers are the formulas of libjpeg's fancy upsampling, worked
// out by hand.
func TestSpread(t *testing.T) {
	tests := []struct {
		name  string
		ratio image.YCbCrSubsampleRatio
		w, h  int
		plane []byte // rows of the colour plane, one after the other
		want  [][]int32
	}{
		{"full", image.YCbCrSubsampleRatio444, 2, 2, []byte{1, 2, 3, 4}, [][]int32{{1, 2}, {3, 4}}},
		{"half height", image.YCbCrSubsampleRatio440, 1, 4, []byte{0, 100}, [][]int32{{0}, {25}, {75}, {100}}},
		{"half height, rounding", image.YCbCrSubsampleRatio440, 1, 4, []byte{0, 2}, [][]int32{{0}, {1}, {1}, {2}}},
		{"half height, odd", image.YCbCrSubsampleRatio440, 1, 3, []byte{0, 100}, [][]int32{{0}, {25}, {75}}},
		{"half width", image.YCbCrSubsampleRatio422, 6, 1, []byte{0, 100, 200}, [][]int32{{0, 25, 75, 125, 175, 200}}},
		{"half both", image.YCbCrSubsampleRatio420, 5, 3, []byte{0, 0, 160, 160, 160, 0}, [][]int32{
			{0, 0, 0, 40, 120}, {40, 40, 40, 60, 100}, {120, 120, 120, 100, 60},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns := len(tt.plane)
			rows := tt.h
			if tt.ratio == image.YCbCrSubsampleRatio440 || tt.ratio == image.YCbCrSubsampleRatio420 {
				rows = (tt.h + 1) / 2
			}
			columns /= rows
			r := &jpegRows{im: &image.YCbCr{CStride: columns}, columns: columns, rows: rows}
			r.wide, r.tall = columns < tt.w, rows < tt.h
			r.sums = make([]int32, columns)
			for y, want := range tt.want {
				got := make([]int32, 2*columns)
				r.spread(got, tt.plane, y)
				if !slices.Equal(got[:tt.w], want) {
					t.Errorf("row %d: got %v, want %v", y, got[:tt.w], want)
				}
			}
		})
	}
}

// A colour plane may end in the middle of nowhere: every ratio and size must
// convert, the uncommon ones in the general way.
func TestConvertEverySize(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		for w := 1; w < 9; w++ {
			for h := 1; h < 5; h++ {
				im := image.NewYCbCr(image.Rect(0, 0, w, h), ratio)
				for _, p := range [][]byte{im.Y, im.Cb, im.Cr} {
					for i := range p {
						p[i] = 128
					}
				}
				out := convert(im, pre.Header{Format: "jpeg", Width: w, Height: h})
				for i, v := range out.Pix {
					if i%4 < 3 && v != 128 || i%4 == 3 && v != 255 {
						t.Fatalf("%v %dx%d: byte %d is %d", ratio, w, h, i, v)
					}
				}
			}
		}
	}
}
