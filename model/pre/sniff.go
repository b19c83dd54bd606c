package pre

import (
	"bytes"
	"fmt"
)

// Header is what the beginning of a picture file tells.
type Header struct {
	// Format is "jpeg", "png", "gif", "webp", "bmp", "avif" or "heic".
	Format string
	// Width and Height are those of the stored pixels, before Orientation is
	// applied. Both are 0 if only a decoder can tell (avif, heic).
	Width, Height int
	// Orientation is EXIF's, 1 to 8; 1 if the file has none.
	Orientation int
}

// formats lists the picture formats: how a file begins and who reads on.
var formats = []struct {
	name  string
	is    func(b []byte) bool
	parse func(b []byte) (Header, error)
}{
	{"jpeg", prefix("\xff\xd8\xff"), parseJPEG},
	{"png", prefix("\x89PNG\r\n\x1a\n"), parsePNG},
	{"gif", prefix("GIF87a", "GIF89a"), parseGIF},
	{"webp", func(b []byte) bool { return riff(b, "WEBP") }, parseWebP},
	{"bmp", isBMP, parseBMP},
	{"avif", brand("avif", "avis"), parseBoxes},
	{"heic", brand("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"), parseBoxes},
}

// others lists what people choose by mistake, for the message. The first that
// fits names the file.
var others = []struct {
	what string
	is   func(b []byte) bool
}{
	{"a PDF", prefix("%PDF-")},
	{"a TIFF picture", prefix("II*\x00", "MM\x00*")},
	{"a JPEG XL picture", prefix("\xff\x0a", "\x00\x00\x00\x0cJXL ")},
	{"a JPEG 2000 picture", prefix("\x00\x00\x00\x0cjP  ", "\xff\x4f\xff\x51")},
	{"a Photoshop picture", prefix("8BPS")},
	{"an icon", prefix("\x00\x00\x01\x00")},
	{"a video", func(b []byte) bool {
		return len(b) > 8 && string(b[4:8]) == "ftyp" || riff(b, "AVI ") || prefix("\x1aE\xdf\xa3")(b)
	}},
	{"a sound", func(b []byte) bool { return riff(b, "WAVE") || prefix("ID3", "OggS", "fLaC")(b) }},
	{"a ZIP archive or office document", prefix("PK\x03\x04", "PK\x05\x06")},
	{"a compressed archive", prefix("\x1f\x8b", "7z\xbc\xaf\x27\x1c", "Rar!", "\xfd7zXZ", "\x28\xb5\x2f\xfd")},
	{"a program", prefix("MZ", "\x7fELF", "\x00asm")},
	{"an SVG drawing", func(b []byte) bool { return bytes.Contains(head(b), []byte("<svg")) }},
	{"a web page", func(b []byte) bool {
		return bytes.Contains(bytes.ToLower(head(b)), []byte("<html")) || bytes.Contains(bytes.ToLower(head(b)), []byte("<!doctype"))
	}},
	{"text", isText},
}

// Sniff reads the header of a picture file; b is the whole file. It returns an
// *ImageError for a file that is empty, no picture, cut off (as far as the
// structure of its format tells), damaged, or larger than [MaxPixels]. Together
// with TooLarge it returns the header.
func Sniff(b []byte) (Header, error) {
	if len(b) == 0 {
		return Header{}, &ImageError{Empty, "The file is empty. Choose another picture.", "0 bytes"}
	}
	for _, f := range formats {
		if !f.is(b) {
			continue
		}
		h, err := f.parse(b)
		if err != nil {
			return Header{}, err
		}
		h.Format = f.name
		if h.Orientation == 0 {
			h.Orientation = 1
		}
		return h, h.Fits(MaxPixels)
	}
	return Header{}, notImage(b)
}

// notImage says what the file looks like instead.
func notImage(b []byte) error {
	e := &ImageError{Code: NotImage, Message: "This file is not a picture Larder can read. Choose a JPEG, PNG or WebP picture."}
	for _, o := range others {
		if o.is(b) {
			e.Message = fmt.Sprintf("This file is not a picture Larder can read (it looks like %s). Choose a JPEG, PNG or WebP picture.", o.what)
			break
		}
	}
	e.Detail = fmt.Sprintf("%d bytes that begin with % x", len(b), b[:min(len(b), 8)])
	return e
}

// prefix returns a test for files that begin with one of the words.
func prefix(words ...string) func([]byte) bool {
	return func(b []byte) bool {
		for _, w := range words {
			if len(b) >= len(w) && string(b[:len(w)]) == w {
				return true
			}
		}
		return false
	}
}

// riff reports a RIFF file of the given kind.
func riff(b []byte, kind string) bool {
	return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == kind
}

// brand returns a test for ISO media files with one of the brands.
func brand(names ...string) func([]byte) bool {
	return func(b []byte) bool {
		if len(b) < 16 || string(b[4:8]) != "ftyp" {
			return false
		}
		for _, n := range names {
			if string(b[8:12]) == n {
				return true
			}
		}
		return false
	}
}

// head is as much of a text as is looked at.
func head(b []byte) []byte { return b[:min(len(b), 1024)] }

// isText reports a file that begins with printable ASCII.
func isText(b []byte) bool {
	for _, c := range head(b) {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
