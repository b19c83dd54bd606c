package pre

import (
	"encoding/binary"
	"fmt"
)

// isBMP looks beyond the two letters, which many texts begin with.
func isBMP(b []byte) bool {
	if len(b) < 26 || b[0] != 'B' || b[1] != 'M' {
		return false
	}
	switch binary.LittleEndian.Uint32(b[14:]) {
	case 12, 40, 52, 56, 64, 108, 124: // lengths of the known headers
		return true
	}
	return false
}

// parseBMP reads the size and checks that the pixels begin within the file.
func parseBMP(b []byte) (Header, error) {
	var h Header
	if binary.LittleEndian.Uint32(b[14:]) == 12 {
		h.Width = int(binary.LittleEndian.Uint16(b[18:]))
		h.Height = int(binary.LittleEndian.Uint16(b[20:]))
	} else {
		h.Width = int(int32(binary.LittleEndian.Uint32(b[18:])))
		h.Height = int(int32(binary.LittleEndian.Uint32(b[22:])))
	}
	if h.Height < 0 {
		h.Height = -h.Height // rows from the top
	}
	if h.Width <= 0 || h.Height <= 0 {
		return h, damaged("BMP with an impossible size")
	}
	if offset := binary.LittleEndian.Uint32(b[10:]); int64(offset) >= int64(len(b)) {
		return h, truncated(fmt.Sprintf("BMP of %d bytes has its pixels at %d", len(b), offset))
	}
	return h, nil
}
