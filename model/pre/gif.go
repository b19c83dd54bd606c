package pre

import (
	"encoding/binary"
	"fmt"
)

// parseGIF reads the screen size and walks the blocks to the end of the first
// picture (GIF89a specification, appendix B); only that one is used.
func parseGIF(b []byte) (Header, error) {
	var h Header
	short := truncated(fmt.Sprintf("GIF ends before its first picture does, %d bytes", len(b)))
	if len(b) < 13 {
		return h, short
	}
	h.Width = int(binary.LittleEndian.Uint16(b[6:]))
	h.Height = int(binary.LittleEndian.Uint16(b[8:]))
	if h.Width == 0 || h.Height == 0 {
		return h, damaged("GIF with an impossible size")
	}
	rest := skip(b, 13+colorTable(b[10]))
	for len(rest) > 0 {
		switch rest[0] {
		case 0x21: // extension: label, then sub-blocks
			rest = subBlocks(skip(rest, 2))
		case 0x2c: // picture: descriptor, local colours, code size, sub-blocks
			if len(rest) < 10 {
				return h, short
			}
			rest = skip(rest, 10+colorTable(rest[9])+1)
			if len(rest) == 0 || !endsSubBlocks(rest) {
				return h, short
			}
			return h, nil
		case 0x3b:
			return h, damaged("GIF without a picture")
		default:
			return h, damaged(fmt.Sprintf("GIF block %#x is unknown", rest[0]))
		}
	}
	return h, short
}

// colorTable returns the bytes of the colour table that flags announce.
func colorTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// skip drops n bytes, or all.
func skip(b []byte, n int) []byte { return b[min(n, len(b)):] }

// subBlocks drops sub-blocks and their end mark.
func subBlocks(b []byte) []byte {
	for len(b) > 0 && b[0] != 0 {
		b = skip(b, 1+int(b[0]))
	}
	return skip(b, 1)
}

// endsSubBlocks reports whether the end mark of the sub-blocks is there.
func endsSubBlocks(b []byte) bool {
	for len(b) > 0 && b[0] != 0 {
		b = skip(b, 1+int(b[0]))
	}
	return len(b) > 0
}
