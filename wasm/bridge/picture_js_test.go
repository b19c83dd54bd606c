//go:build js

package bridge

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/hack-pad/safejs"
)

// inBrowser skips in hosts that decode no pictures, such as Node.
func inBrowser(t *testing.T) {
	t.Helper()
	if !has("createImageBitmap") {
		t.Skip("this host decodes no pictures; run in a browser")
	}
}

// noise is a picture in which every pixel differs: any rounding shows.
func noise(w, h int, alpha func(i int) uint8) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(m.Pix); i += 4 {
		n := r.Uint32()
		m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = byte(n), byte(n>>8), byte(n>>16), alpha(i/4)
	}
	return m
}

func opaqueAlpha(int) uint8 { return 255 }

func encodePNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func blobOf(t *testing.T, data []byte) safejs.Value {
	t.Helper()
	array, err := Uint8Array(data)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := class("Blob").New([]any{array})
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// samePixels demands every byte.
func samePixels(t *testing.T, got Picture, want *image.NRGBA) {
	t.Helper()
	if got.Width != want.Rect.Dx() || got.Height != want.Rect.Dy() {
		t.Fatalf("%dx%d, want %v", got.Width, got.Height, want.Rect)
	}
	wrong := 0
	for i := range want.Pix {
		if got.Pix[i] != want.Pix[i] {
			if wrong++; wrong == 1 {
				p := i / 4 * 4
				t.Errorf("pixel %d is %v, want %v", p/4, got.Pix[p:p+4], want.Pix[p:p+4])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d values differ", wrong, len(want.Pix))
	}
}

func TestDecodePictureExact(t *testing.T) {
	inBrowser(t)
	ramp := func(i int) uint8 { return uint8(i) }
	tests := []struct {
		name     string
		picture  *image.NRGBA
		lossless bool
	}{
		{"frame", noise(301, 203, opaqueAlpha), true},
		{"canvas", noise(301, 203, opaqueAlpha), false},
		{"translucent, frame refused", noise(64, 64, ramp), true},
		{"translucent", noise(64, 64, ramp), false},
		{"one pixel", noise(1, 1, opaqueAlpha), false},
		{"strips", noise(2100, 2050, opaqueAlpha), false}, // more than stripPixels
		{"translucent strips", noise(2100, 2050, ramp), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			blob := blobOf(t, encodePNG(t, tt.picture))
			got, err := DecodePicture(t.Context(), File{Data: blob, Lossless: tt.lossless})
			if err != nil {
				t.Fatal(err)
			}
			samePixels(t, got, tt.picture)
		})
	}
}

// TestDecodeFramePath makes sure that the exact decoder is used where there is
// one; without this the test above would compare the canvas with itself.
func TestDecodeFramePath(t *testing.T) {
	inBrowser(t)
	if !has("ImageDecoder") {
		t.Skip("this browser has no WebCodecs")
	}
	m := noise(40, 30, opaqueAlpha)
	got, ok, err := decodeFrame(t.Context(), blobOf(t, encodePNG(t, m)))
	if err != nil || !ok {
		t.Fatalf("not decoded: %v, %v", ok, err)
	}
	samePixels(t, got, m)
	if _, ok, err := decodeFrame(t.Context(), blobOf(t, encodePNG(t, noise(4, 4, func(int) uint8 { return 9 })))); ok || err != nil {
		t.Errorf("a translucent picture was taken from its frame: %v, %v", ok, err)
	}
}

func TestDecodePictureKinds(t *testing.T) {
	inBrowser(t)
	data := encodePNG(t, noise(5, 4, opaqueAlpha))
	array, _ := Uint8Array(data)
	buffer, _ := array.Get("buffer")
	for _, v := range []safejs.Value{array, buffer, blobOf(t, data)} {
		for _, lossless := range []bool{true, false} {
			got, err := DecodePicture(t.Context(), File{Data: v, Lossless: lossless})
			if err != nil {
				t.Fatalf("%s: %v", ClassName(v), err)
			}
			samePixels(t, got, noise(5, 4, opaqueAlpha))
		}
	}
}

// TestOrientation checks that a photo lies as its EXIF orientation says. The
// picture is red on the left; orientation 6 turns it to the right, so red is up.
func TestOrientation(t *testing.T) {
	inBrowser(t)
	m := image.NewNRGBA(image.Rect(0, 0, 64, 32))
	for i := range 64 * 32 {
		c := color.NRGBA{R: 255, A: 255}
		if i%64 >= 32 {
			c = color.NRGBA{B: 255, A: 255}
		}
		m.SetNRGBA(i%64, i/64, c)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := "\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	file := append([]byte("\xff\xd8"+exif), b.Bytes()[2:]...)
	got, err := DecodePicture(t.Context(), File{Data: blobOf(t, file)})
	if err != nil {
		t.Fatal(err)
	}
	if got.Width != 32 || got.Height != 64 {
		t.Fatalf("%dx%d, want 32x64", got.Width, got.Height)
	}
	top, bottom := got.Pix[:4], got.Pix[len(got.Pix)-4:]
	if top[0] < 250 || top[2] > 5 || bottom[2] < 250 || bottom[0] > 5 {
		t.Errorf("top %v, bottom %v: not turned", top, bottom)
	}
}

func TestReadPicture(t *testing.T) {
	inBrowser(t)
	want := noise(7, 5, opaqueAlpha)
	pixels, _ := Uint8Array(want.Pix)
	data, err := eval(t, `(p) => new ImageData(new Uint8ClampedArray(p.buffer), 7, 5)`).Invoke(pixels)
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := decodeBitmap(t.Context(), blobOf(t, encodePNG(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	canvas, err := eval(t, `(b) => { const c = new OffscreenCanvas(7, 5); c.getContext("2d").drawImage(b, 0, 0); return c }`).Invoke(bitmap)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []safejs.Value{data, bitmap, canvas} {
		if w, h := PictureSize(v); !IsPicture(v) || w != 7 || h != 5 {
			t.Errorf("%s: %dx%d", ClassName(v), w, h)
		}
		got, err := ReadPicture(v)
		if err != nil {
			t.Fatalf("%s: %v", ClassName(v), err)
		}
		samePixels(t, got, want)
	}
	release(bitmap)
	if _, err := ReadPicture(bitmap); err == nil {
		t.Error("a closed bitmap was read")
	}
	if IsPicture(eval(t, `({width: 1, height: 1})`)) {
		t.Error("an object is a picture")
	}
}

func TestDecodePictureRefuses(t *testing.T) {
	inBrowser(t)
	good := encodePNG(t, noise(50, 50, opaqueAlpha))
	for name, data := range map[string][]byte{"empty": {}, "text": []byte("hello"), "half a header": good[:20]} {
		for _, lossless := range []bool{true, false} {
			_, err := DecodePicture(t.Context(), File{Data: blobOf(t, data), Lossless: lossless})
			var e *Error
			if !errors.As(err, &e) || e.Op != "decode" {
				t.Errorf("%s: error %#v", name, err)
			}
		}
	}
	var size *SizeError
	if _, err := DecodePicture(t.Context(), File{Data: blobOf(t, good), MaxPixels: 2499}); !errors.As(err, &size) || size.Width != 50 {
		t.Errorf("error %v for a picture that is too large", err)
	}
	if _, err := DecodePicture(t.Context(), File{Data: blobOf(t, good), MaxPixels: 2500}); err != nil {
		t.Errorf("error %v for a picture that just fits", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := DecodePicture(ctx, File{Data: blobOf(t, good)}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v for an ended context", err)
	}
}
