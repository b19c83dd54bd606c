package pre

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("imagefile", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSniff(t *testing.T) {
	tests := []struct {
		file string
		want Header
	}{
		{"plain.jpg", Header{"jpeg", 31, 23, 1}},
		{"progressive.jpg", Header{"jpeg", 31, 23, 1}},
		{"cmyk.jpg", Header{"jpeg", 31, 23, 1}},
		{"orient6.jpg", Header{"jpeg", 31, 23, 6}},
		{"rgb.png", Header{"png", 31, 23, 1}},
		{"orient1.png", Header{"png", 31, 23, 1}},
		{"orient7.png", Header{"png", 31, 23, 7}},
		{"first.gif", Header{"gif", 31, 23, 1}},
		{"anim.gif", Header{"gif", 31, 23, 1}},
		{"lossy.webp", Header{"webp", 31, 23, 1}},
		{"lossless.webp", Header{"webp", 31, 23, 1}},
		{"orient6.webp", Header{"webp", 31, 23, 6}},
		{"plain.bmp", Header{"bmp", 31, 23, 1}},
		{"plain.avif", Header{"avif", 0, 0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			b := file(t, tt.file)
			got, err := Sniff(b)
			if err != nil || got != tt.want {
				t.Fatalf("got %+v, %v, want %+v", got, err, tt.want)
			}
			// Data behind the picture does no harm, except to formats whose files
			// are one list of boxes to the end.
			if tt.want.Format != "avif" {
				if _, err := Sniff(append(b, 0, 0xff)); err != nil {
					t.Errorf("with data behind it: %v", err)
				}
			}
		})
	}
}

// Every proper prefix of a file is refused, whatever the browser would paint.
// BMP has no end mark and is left out.
func TestSniffFindsMissingEnds(t *testing.T) {
	for _, name := range []string{"plain.jpg", "progressive.jpg", "orient6.jpg", "rgb.png", "orient6.png", "first.gif", "lossy.webp", "orient6.webp", "plain.avif"} {
		b := file(t, name)
		for n := range b {
			_, err := Sniff(b[:n])
			var e *ImageError
			if !errors.As(err, &e) {
				// The trailer of a GIF follows its first picture, which suffices. An
				// AVIF cut between two boxes is a shorter list of boxes.
				if name == "first.gif" && n == len(b)-1 || name == "plain.avif" && e == nil && n > 16 {
					continue
				}
				t.Fatalf("%s: %d of %d bytes: %v", name, n, len(b), err)
			}
			if n > 32 && e.Code != Truncated {
				t.Fatalf("%s: %d of %d bytes: code %s", name, n, len(b), e.Code)
			}
		}
	}
}

func TestSniffRefuses(t *testing.T) {
	png := file(t, "rgb.png")
	tests := []struct {
		name string
		b    []byte
		code Code
		want string // part of the message
	}{
		{"empty", nil, Empty, "The file is empty"},
		{"pdf", []byte("%PDF-1.7\n%\xe2\xe3"), NotImage, "(it looks like a PDF)"},
		{"docx", []byte("PK\x03\x04\x14\x00"), NotImage, "ZIP archive or office document"},
		{"tiff", file(t, "plain.tiff"), NotImage, "a TIFF picture"},
		{"text", []byte("Larder\n"), NotImage, "(it looks like text)"},
		{"html", []byte("<!DOCTYPE html><p>"), NotImage, "a web page"},
		{"svg", []byte("<?xml version='1.0'?><svg/>"), NotImage, "an SVG drawing"},
		{"video", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"), NotImage, "a video"},
		{"wasm", []byte("\x00asm\x01\x00\x00\x00"), NotImage, "a program"},
		{"unknown", []byte{1, 2, 3}, NotImage, "not a picture Larder can read. Choose"},
		{"text that begins as a bmp", []byte("BMW and other makes of cars, a list"), NotImage, "text"},
		{"40 megapixels", edit(png, 16, 8000, 5000), TooLarge, "40.0 megapixels; the limit is 33.5. Make it smaller and try again."},
		{"long", edit(png, 16, 1<<20, 1), TooLarge, "1048576 x 1 pixels"},
		{"no width", edit(png, 16, 0, 5), Damaged, "damaged"},
		{"no png data", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00IEND\x00\x00\x00\x00"), Damaged, ""},
		{"two png headers", append(append([]byte{}, png[:33]...), png[8:]...), Damaged, ""},
		{"jpeg without frame", []byte("\xff\xd8\xff\xd9"), Damaged, ""},
		{"jpeg scan first", []byte("\xff\xd8\xff\xda\x00\x02\xff\xd9"), Damaged, ""},
		{"jpeg segment of length 1", []byte("\xff\xd8\xff\xe0\x00\x01\xff\xd9"), Damaged, ""},
		{"jpeg frame of size 0", []byte("\xff\xd8\xff\xc0\x00\x08\x08\x00\x00\x00\x00\x01\xff\xd9"), Damaged, ""},
		{"gif without picture", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), Damaged, ""},
		{"webp without picture", []byte("RIFF\x04\x00\x00\x00WEBP"), Damaged, ""},
		{"webp large frame in a small canvas", webpInCanvas(16383, 16383), TooLarge, "268.4 megapixels"},
		{"heic box of length 2", []byte("\x00\x00\x00\x10ftypheic\x00\x00\x00\x00\x00\x00\x00\x02mdat"), Damaged, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Sniff(tt.b)
			var e *ImageError
			if !errors.As(err, &e) || e.Code != tt.code || !strings.Contains(e.Message, tt.want) {
				t.Fatalf("got %v, want code %s and %q", err, tt.code, tt.want)
			}
		})
	}
}

// edit returns a copy of b with two big-endian numbers at at.
func edit(b []byte, at int, x, y uint32) []byte {
	b = append([]byte{}, b...)
	binary.BigEndian.PutUint32(b[at:], x)
	binary.BigEndian.PutUint32(b[at+4:], y)
	return b
}

// webpInCanvas is a 1x1 canvas with a lossless frame of the given size.
func webpInCanvas(w, h uint32) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00VP8L\x06\x00\x00\x00\x2f")
	b = binary.LittleEndian.AppendUint32(b, (w-1)|(h-1)<<14)
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestOrientationOfEXIF(t *testing.T) {
	little := "II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
	big := "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00"
	tests := []struct {
		name, exif string
		want       int
	}{
		{"little endian", little, 6},
		{"big endian", big, 8},
		{"after another entry", "II*\x00\x08\x00\x00\x00\x02\x00\x00\x01\x03\x00\x01\x00\x00\x00\x09\x00\x00\x00" + little[10:], 6},
		{"value out of range", strings.Replace(little, "\x06", "\x09", 1), 0},
		{"another type", strings.Replace(little, "\x03", "\x04", 1), 0},
		{"directory beyond the end", strings.Replace(little, "\x08", "\xff", 1), 0},
		{"cut", little[:14], 0},
		{"no TIFF", strings.Repeat("x", 30), 0},
		{"empty", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := orientation([]byte(tt.exif)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// FuzzSniff checks that a header is either refused with a typed error or fit
// for use.
func FuzzSniff(f *testing.F) {
	for _, name := range []string{"plain.jpg", "orient6.jpg", "orient6.png", "anim.gif", "orient6.webp", "lossy.webp", "plain.bmp", "plain.avif"} {
		b := file(f, name)
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add(webpInCanvas(5, 6))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Sniff(b)
		var e *ImageError
		switch {
		case err != nil:
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("%T %v", err, err)
			}
		case h.Orientation < 1 || h.Orientation > 8, h.Width < 0, h.Height < 0, h.Width*h.Height > MaxPixels, (h.Width == 0) != (h.Height == 0):
			t.Fatalf("%+v", h)
		}
	})
}
