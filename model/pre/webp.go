package pre

import (
	"encoding/binary"
	"fmt"
)

// parseWebP walks the RIFF chunks
// (https://developers.google.com/speed/webp/docs/riff_container). The size is
// the larger one of canvas and frame, so that a small canvas cannot hide a
// frame that a decoder would allocate.
func parseWebP(b []byte) (Header, error) {
	var h Header
	size := int64(binary.LittleEndian.Uint32(b[4:]))
	if size < 4 {
		return h, damaged("WebP with an impossible length")
	}
	if size+8 > int64(len(b)) {
		return h, truncated(fmt.Sprintf("WebP of %d bytes announces %d", len(b), size+8))
	}
	rest := b[12 : size+8]
	picture := false
	for len(rest) >= 8 {
		kind := string(rest[:4])
		n := int64(binary.LittleEndian.Uint32(rest[4:]))
		if n+8 > int64(len(rest)) {
			return h, truncated("WebP ends within chunk " + fmt.Sprintf("%q", kind))
		}
		body := rest[8 : 8+n]
		if kind == "EXIF" {
			h.Orientation = webpOrientation(body)
		}
		w, t, ok := webpSize(kind, body)
		if !ok {
			return h, damaged("WebP chunk " + fmt.Sprintf("%q", kind) + " is broken")
		}
		if int64(w)*int64(t) > int64(h.Width)*int64(h.Height) {
			h.Width, h.Height = w, t
		}
		picture = picture || kind == "VP8 " || kind == "VP8L" || kind == "ANMF"
		rest = skip(rest, int(8+n+n&1)) // chunks are padded to even lengths
	}
	if !picture || h.Width == 0 || h.Height == 0 {
		return h, damaged("WebP without a picture")
	}
	return h, nil
}

// webpSize returns the size that a chunk tells, 0 if it is not one of those
// that do, and false if the chunk is broken.
func webpSize(kind string, b []byte) (w, h int, ok bool) {
	switch kind {
	case "VP8X":
		if len(b) < 10 {
			return 0, 0, false
		}
		return 1 + uint24(b[4:]), 1 + uint24(b[7:]), true
	case "VP8 ":
		// RFC 6386, section 9.1: frame tag, start code, two times 14 bits.
		if len(b) < 10 || string(b[3:6]) != "\x9d\x01\x2a" {
			return 0, 0, false
		}
		w = int(binary.LittleEndian.Uint16(b[6:])) & 0x3fff
		h = int(binary.LittleEndian.Uint16(b[8:])) & 0x3fff
		return w, h, w > 0 && h > 0
	case "VP8L":
		if len(b) < 5 || b[0] != 0x2f {
			return 0, 0, false
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff), true
	}
	return 0, 0, true
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// webpOrientation reads EXIF data with or without JPEG's prefix; both occur.
func webpOrientation(b []byte) int {
	if len(b) > 6 && string(b[:6]) == "Exif\x00\x00" {
		b = b[6:]
	}
	return orientation(b)
}
