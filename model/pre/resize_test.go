package pre

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
)

// testImage draws ramps, noise and hard edges; the reference hashes below were
// made from the same formula with NumPy and Pillow 13.0.
func testImage(w, h int) *Image {
	img := &Image{Width: w, Height: h, Pix: make([]byte, 4*w*h)}
	for y := range uint32(h) {
		for x := range uint32(w) {
			n := (x*2654435761 + y*40503 + x*y*2246822519) >> 13
			b := n >> 8
			if (x/7+y/5)&1 == 1 {
				b = 255
			}
			p := img.Pix[4*(int(y)*w+int(x)):]
			p[0], p[1], p[2], p[3] = byte(n), byte(x*255/max(uint32(w)-1, 1)), byte(b), byte(y)
		}
	}
	return img
}

func identity(channels int) Normalize {
	return Normalize{Divisor: 1, Mean: make([]float64, channels), Std: []float64{1, 1, 1}[:channels]}
}

func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

func TestResizeAgreesWithPillow(t *testing.T) {
	tests := []struct {
		filter     Filter
		w, h, W, H int
		rgb, gray  string
	}{
		{"nearest", 97, 61, 32, 24, "73562b7cdd5dc9af", "5487991cfdec9882"},
		{"nearest", 97, 61, 97, 20, "b20f8f4aec7ef29d", "def08071a6d45213"},
		{"nearest", 40, 30, 111, 77, "1f03df3328eaa606", "5c6ab3f5bd94249d"},
		{"nearest", 1, 1, 5, 3, "8a1020634191c27b", "5322fecfc92a5e32"},
		{"nearest", 300, 7, 16, 16, "4e1af7d6d097dccb", "cdc32ed04849001c"},
		{"nearest", 33, 200, 33, 200, "fe16e7ee9fda8ca8", "bad3108239810ea7"},
		{"box", 97, 61, 32, 24, "d651bcade049d77e", "d9df886be7d4d964"},
		{"box", 97, 61, 97, 20, "becf6e64fc30c1b8", "532a6c229707b2ac"},
		{"box", 40, 30, 111, 77, "6708bdf87c6f9d99", "e63a34934946a790"},
		{"box", 1, 1, 5, 3, "8a1020634191c27b", "5322fecfc92a5e32"},
		{"box", 300, 7, 16, 16, "73c08f0ce6e75813", "ba71b0c60f9368ad"},
		{"box", 33, 200, 33, 200, "fe16e7ee9fda8ca8", "bad3108239810ea7"},
		{"bilinear", 97, 61, 32, 24, "01d3451fc955d79d", "90db44b78d9dea54"},
		{"bilinear", 97, 61, 97, 20, "1cc4e2374dc54754", "51f350864bd008b4"},
		{"bilinear", 40, 30, 111, 77, "34933317467816c9", "a109ca8a8abe61ce"},
		{"bilinear", 1, 1, 5, 3, "8a1020634191c27b", "5322fecfc92a5e32"},
		{"bilinear", 300, 7, 16, 16, "3f3fb670f887fa39", "798577221ca830d1"},
		{"bilinear", 33, 200, 33, 200, "fe16e7ee9fda8ca8", "bad3108239810ea7"},
		{"hamming", 97, 61, 32, 24, "74b9b49b4ffb108e", "530a5d7ab5eb1fda"},
		{"hamming", 97, 61, 97, 20, "8b4355fd7854c452", "58d968ffa59e60d5"},
		{"hamming", 40, 30, 111, 77, "04f2ed6c767e6cb8", "98f1ae25b8fd6c3d"},
		{"hamming", 1, 1, 5, 3, "8a1020634191c27b", "5322fecfc92a5e32"},
		{"hamming", 300, 7, 16, 16, "9f2405fc78f8d371", "4c2201befae4350e"},
		{"hamming", 33, 200, 33, 200, "fe16e7ee9fda8ca8", "bad3108239810ea7"},
		{"bicubic", 97, 61, 32, 24, "539576374c360424", "fca406d0a16e9ca8"},
		{"bicubic", 97, 61, 97, 20, "260ab3330e7f18eb", "db3bf8a55e76ed43"},
		{"bicubic", 40, 30, 111, 77, "43458a275f757af9", "f942a77b535802fb"},
		{"bicubic", 1, 1, 5, 3, "8a1020634191c27b", "5322fecfc92a5e32"},
		{"bicubic", 300, 7, 16, 16, "149155fb4a850755", "564b78df75fa188e"},
		{"bicubic", 33, 200, 33, 200, "fe16e7ee9fda8ca8", "bad3108239810ea7"},
		{"lanczos", 97, 61, 32, 24, "1278feba8fd05f1d", "a5b1985a3bd65087"},
		{"lanczos", 97, 61, 97, 20, "895e19d640377249", "2e5bc436820e773a"},
		{"lanczos", 40, 30, 111, 77, "9c1c5befd469a31d", "9c0c4d9484a1ae18"},
		{"lanczos", 1, 1, 5, 3, "8a1020634191c27b", "5322fecfc92a5e32"},
		{"lanczos", 300, 7, 16, 16, "5382f272bf2d2938", "9eba355954e87826"},
		{"lanczos", 33, 200, 33, 200, "fe16e7ee9fda8ca8", "bad3108239810ea7"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %dx%d to %dx%d", tt.filter, tt.w, tt.h, tt.W, tt.H), func(t *testing.T) {
			spec := &ImageSpec{Color: RGB, Layout: NHWC, Resize: Resize{Mode: Stretch, Width: tt.W, Height: tt.H, Filter: tt.filter}, Normalize: identity(3)}
			if got := shortHash(resize(testImage(tt.w, tt.h), spec)); got != tt.rgb {
				t.Errorf("rgb: got %s, want %s", got, tt.rgb)
			}
			spec.Color, spec.Normalize = Gray, identity(1)
			if got := shortHash(resize(testImage(tt.w, tt.h), spec)); got != tt.gray {
				t.Errorf("gray: got %s, want %s", got, tt.gray)
			}
		})
	}
}

// The references are torchvision's Resize and CenterCrop, and Pillow's
// ImageOps.pad.
func TestModesAgreeWithPillow(t *testing.T) {
	tests := []struct {
		mode             Mode
		w, h, size, W, H int
		want             string
	}{
		{"shortest-side", 97, 61, 32, 24, 24, "61c527ee950e75ed"},
		{"shortest-side", 61, 97, 33, 24, 20, "d1e581554586b263"},
		{"shortest-side", 50, 50, 32, 32, 32, "54019a8a1c86ff67"},
		{"shortest-side", 30, 20, 40, 33, 31, "759adaf2647ae490"},
		{"fit", 97, 61, 0, 32, 32, "da5c17d6d1736642"},
		{"fit", 61, 97, 0, 33, 24, "4eaa713f87e6ae56"},
		{"fit", 50, 50, 0, 32, 40, "d31e025d4908f85c"},
		{"fit", 200, 31, 0, 20, 20, "cb86abfe77b4ede1"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %dx%d to %dx%d", tt.mode, tt.w, tt.h, tt.W, tt.H), func(t *testing.T) {
			spec := &ImageSpec{Color: RGB, Layout: NCHW, Normalize: identity(3)}
			spec.Resize = Resize{Mode: tt.mode, Width: tt.W, Height: tt.H, Filter: Bilinear}
			if tt.mode == ShortestSide {
				spec.Resize = Resize{Mode: tt.mode, Size: tt.size, Filter: Bicubic}
				spec.Crop = &Crop{tt.W, tt.H}
			}
			if got := shortHash(resize(testImage(tt.w, tt.h), spec)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// A crop must give exactly the bytes that cutting the whole result gives.
func TestCropIsAWindow(t *testing.T) {
	img := testImage(90, 70)
	for _, filter := range []Filter{Nearest, Box, Bilinear, Lanczos} {
		whole := &ImageSpec{Color: RGB, Resize: Resize{Mode: Stretch, Width: 40, Height: 30, Filter: filter}}
		cut := &ImageSpec{Color: RGB, Resize: whole.Resize, Crop: &Crop{22, 14}}
		a, b := resize(img, whole), resize(img, cut)
		for y := range 14 {
			want := a[((y+8)*40+9)*3:][:22*3]
			if got := b[y*22*3:][:22*3]; string(got) != string(want) {
				t.Fatalf("%s: row %d differs", filter, y)
			}
		}
	}
}

func BenchmarkPreprocess(b *testing.B) {
	spec := leafSpec(224)
	for _, size := range [][2]int{{500, 500}, {4000, 3000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			img := testImage(size[0], size[1])
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Preprocess(img, spec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
