package imagefile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"larder/model/pre"
	"larder/model/tensor"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rgb(img *pre.Image) []byte {
	out := make([]byte, 0, len(img.Pix)/4*3)
	for i := 0; i < len(img.Pix); i += 4 {
		out = append(out, img.Pix[i:i+3]...)
	}
	return out
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The hashes are those of Pillow 13.0: exif_transpose, then convert("RGB").
func TestDecodeLosslessAgreesWithPillow(t *testing.T) {
	tests := []struct {
		file string
		w, h int
		want string
	}{
		{"rgb.png", 31, 23, "23ac569f88f46a20"},
		{"rgba.png", 31, 23, "23ac569f88f46a20"},
		{"gray.png", 31, 23, "54ed55e5402c983b"},
		{"gray-alpha.png", 31, 23, "54ed55e5402c983b"},
		{"palette.png", 31, 23, "8f098c6eebadb746"},
		{"palette-trns.png", 31, 23, "6240764ca28d1ad9"},
		{"bit.png", 31, 23, "88fe297b3e53f6c4"},
		{"gray16.png", 31, 23, "2610a840fa30a46a"}, // the upper byte; Pillow saturates
		{"first.gif", 31, 23, "25e157c19c158606"},
		{"anim.gif", 31, 23, "25e157c19c158606"},
		{"lossless.webp", 31, 23, "23ac569f88f46a20"},
		{"alpha.webp", 31, 23, "23ac569f88f46a20"},
		{"orient1.png", 31, 23, "23ac569f88f46a20"},
		{"orient2.png", 31, 23, "93deb63b9116cfd1"},
		{"orient3.png", 31, 23, "a43f7a1b523e1260"},
		{"orient4.png", 31, 23, "8f06dd2cf9ad9ea2"},
		{"orient5.png", 23, 31, "bc6b831b0bc72b40"},
		{"orient6.png", 23, 31, "58a10a1a1a1597b0"},
		{"orient7.png", 23, 31, "2ba92c67b07a1039"},
		{"orient8.png", 23, 31, "3d64703db50c5f87"},
		{"orient6.webp", 23, 31, "58a10a1a1a1597b0"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			img, err := Decode(read(t, "testdata/"+tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if img.Width != tt.w || img.Height != tt.h {
				t.Errorf("%d x %d, want %d x %d", img.Width, img.Height, tt.w, tt.h)
			}
			if got := hash(rgb(img))[:16]; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Decoders of lossy formats differ a little: mean is the largest mean
// difference from Pillow's bytes, which lie beside the file.
func TestDecodeLossyIsNearPillow(t *testing.T) {
	tests := []struct {
		file string
		w, h int
		mean float64
	}{
		{"plain.jpg", 31, 23, 0.1},
		{"progressive.jpg", 31, 23, 0.1},
		{"gray.jpg", 31, 23, 0.1},
		{"cmyk.jpg", 31, 23, 0.1},
		{"orient6.jpg", 23, 31, 0.1},
		{"half-width.jpg", 31, 23, 0.1},
		{"narrow.jpg", 3, 23, 0.3},
		{"quarter-width.jpg", 31, 23, 8}, // colour is repeated, not spread
		{"lossy.webp", 31, 23, 8},        // colour is repeated, not spread
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			img, err := Decode(read(t, "testdata/"+tt.file))
			if err != nil {
				t.Fatal(err)
			}
			got, want := rgb(img), read(t, "testdata/"+tt.file+".rgb")
			if img.Width != tt.w || img.Height != tt.h || len(got) != len(want) {
				t.Fatalf("%d x %d, want %d x %d", img.Width, img.Height, tt.w, tt.h)
			}
			sum := 0
			for i := range got {
				sum += max(int(got[i])-int(want[i]), int(want[i])-int(got[i]))
			}
			if mean := float64(sum) / float64(len(got)); mean > tt.mean {
				t.Errorf("differs by %.2f on average, at most %.2f is fine", mean, tt.mean)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	png := read(t, "testdata/rgb.png")
	broken := append([]byte{}, png...)
	broken[len(broken)-30] ^= 0xff // within the picture data
	tests := []struct {
		name string
		b    []byte
		code pre.Code
	}{
		{"empty", nil, pre.Empty},
		{"text", []byte("hello"), pre.NotImage},
		{"cut", png[:len(png)-20], pre.Truncated},
		{"flipped", broken, pre.Damaged},
		{"avif", read(t, "testdata/plain.avif"), pre.Unsupported},
		{"bmp", read(t, "testdata/plain.bmp"), pre.Unsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(tt.b)
			var e *pre.ImageError
			if !errors.As(err, &e) || e.Code != tt.code {
				t.Fatalf("got %v, want code %s", err, tt.code)
			}
		})
	}
	_, err := DecodeLimit(png, 31*23-1)
	var e *pre.ImageError
	if !errors.As(err, &e) || e.Code != pre.TooLarge {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := DecodeLimit(png, 31*23); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

// TestGoldenInputs prepares the demo pictures for the leaf models and compares
// every stage with the hashes that training wrote: equal to the last bit.
func TestGoldenInputs(t *testing.T) {
	for _, model := range []struct {
		name string
		side int
	}{{"leaf/2.0.0", 224}, {"leaf/1.0.0", 224}, {"leaf-small/1.0.0", 160}} {
		var golden struct {
			Images map[string]struct {
				Decoded string `json:"decoded_rgb_sha256"`
				Resized string `json:"resized_rgb_sha256"`
				Input   string `json:"input_sha256"`
			}
		}
		dir := filepath.Join("..", "..", "testdata")
		if err := json.Unmarshal(read(t, filepath.Join(dir, model.name, "golden.json")), &golden); err != nil {
			t.Fatal(err)
		}
		if len(golden.Images) != 7 {
			t.Fatalf("%d pictures", len(golden.Images))
		}
		for name, want := range golden.Images {
			t.Run(model.name+" "+name, func(t *testing.T) {
				img, err := Decode(read(t, filepath.Join(dir, "demo", strings.TrimSuffix(name, ".jpg")+".png")))
				if err != nil {
					t.Fatal(err)
				}
				if got := hash(rgb(img)); got != want.Decoded {
					t.Errorf("decoded: %s, want %s", got, want.Decoded)
				}
				one := []float64{1, 1, 1}
				spec := &pre.ImageSpec{Color: pre.RGB, Layout: pre.NHWC, Normalize: pre.Normalize{Divisor: 1, Mean: []float64{0, 0, 0}, Std: one}}
				spec.Resize = pre.Resize{Mode: pre.Stretch, Width: model.side, Height: model.side, Filter: pre.Bilinear}
				if got := hash(bytesOf(t, img, spec)); got != want.Resized {
					t.Errorf("resized: %s, want %s", got, want.Resized)
				}
				spec.Layout, spec.Normalize = pre.NCHW, pre.Normalize{Divisor: 127.5, Mean: one, Std: one}
				if got := hash(floatsOf(t, img, spec)); got != want.Input {
					t.Errorf("input: %s, want %s", got, want.Input)
				}
			})
		}
	}
}

// bytesOf returns the tensor's elements as bytes.
func bytesOf(t *testing.T, img *pre.Image, spec *pre.ImageSpec) []byte {
	x, err := pre.Preprocess(img, spec)
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, v := range tensor.Data[float32](x) {
		b = append(b, byte(v))
	}
	return b
}

// floatsOf returns the tensor's elements as little-endian float32.
func floatsOf(t *testing.T, img *pre.Image, spec *pre.ImageSpec) []byte {
	x, err := pre.Preprocess(img, spec)
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, v := range tensor.Data[float32](x) {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// FuzzDecode checks that no file makes a decoder panic and that every result
// can be used.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		if !strings.HasSuffix(name, ".rgb") {
			f.Add(read(f, name))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		img, err := DecodeLimit(b, 1<<20)
		var e *pre.ImageError
		switch {
		case err != nil && (!errors.As(err, &e) || e.Message == ""):
			t.Fatalf("%T %v", err, err)
		case err == nil && (img.Width < 1 || img.Height < 1 || len(img.Pix) != 4*img.Width*img.Height):
			t.Fatalf("%d x %d, %d bytes", img.Width, img.Height, len(img.Pix))
		}
	})
}
