package pre

import (
	"encoding/binary"
	"fmt"
)

// parseBoxes walks the outermost boxes of an ISO media file (ISO 14496-12),
// such as AVIF and HEIC, only to see whether the file is complete. Size and
// orientation are deep inside and left to the decoder, which applies both.
func parseBoxes(b []byte) (Header, error) {
	rest := b
	for len(rest) > 0 {
		if len(rest) < 8 {
			return Header{}, truncated("file ends within a box")
		}
		n, kind := uint64(binary.BigEndian.Uint32(rest)), string(rest[4:8])
		least := uint64(8)
		switch n {
		case 0: // the last box reaches to the end
			return Header{}, nil
		case 1: // the length follows in 64 bits
			if len(rest) < 16 {
				return Header{}, truncated("file ends within a box")
			}
			n, least = binary.BigEndian.Uint64(rest[8:]), 16
		}
		if n < least {
			return Header{}, damaged(fmt.Sprintf("box %q has length %d", kind, n))
		}
		if n > uint64(len(rest)) {
			return Header{}, truncated(fmt.Sprintf("file ends within box %q", kind))
		}
		rest = rest[n:]
	}
	return Header{}, nil
}
