package pre

import (
	"encoding/binary"
	"fmt"
)

// parsePNG walks the chunks to IEND (https://www.w3.org/TR/png-3/).
func parsePNG(b []byte) (Header, error) {
	var h Header
	rest := b[8:]
	data := false
	for first := true; ; first = false {
		if len(rest) < 12 {
			return h, truncated(fmt.Sprintf("PNG without its end chunk, %d bytes", len(b)))
		}
		n := int64(binary.BigEndian.Uint32(rest))
		kind := string(rest[4:8])
		if n > 1<<31-1 {
			return h, damaged("PNG chunk is too long")
		}
		if n+12 > int64(len(rest)) {
			return h, truncated("PNG ends within chunk " + fmt.Sprintf("%q", kind))
		}
		body := rest[8 : 8+n]
		switch {
		case first != (kind == "IHDR"):
			return h, damaged("PNG header chunk is not the first, or twice")
		case kind == "IHDR":
			if err := h.ihdr(body); err != nil {
				return h, err
			}
		case kind == "eXIf":
			h.Orientation = orientation(body)
		case kind == "IDAT":
			data = true
		case kind == "IEND" && !data:
			return h, damaged("PNG without picture data")
		case kind == "IEND":
			return h, nil
		}
		rest = rest[n+12:]
	}
}

func (h *Header) ihdr(body []byte) error {
	if len(body) != 13 {
		return damaged("PNG header chunk has a wrong length")
	}
	w, t := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
	if w == 0 || t == 0 || w > 1<<31-1 || t > 1<<31-1 {
		return damaged("PNG with an impossible size")
	}
	h.Width, h.Height = int(w), int(t)
	return nil
}
