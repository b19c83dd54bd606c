package pre

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerAPP1 = 0xe1
	markerTEM  = 0x01
)

// parseJPEG walks the segments to the end of the picture. Data behind the
// picture (cameras append previews and videos) is not looked at.
func parseJPEG(b []byte) (Header, error) {
	var h Header
	at := 2
	for {
		marker, next, ok := nextMarker(b, at)
		switch {
		case !ok:
			return h, truncated(fmt.Sprintf("JPEG without its end marker, %d bytes", len(b)))
		case marker == markerEOI && h.Width == 0:
			return h, damaged("JPEG without a frame")
		case marker == markerEOI:
			return h, nil
		case marker >= 0xd0 && marker <= markerSOI || marker == markerTEM:
			// Markers without a segment.
			at = next
			continue
		}
		if next+2 > len(b) {
			return h, truncated("JPEG ends within a segment")
		}
		length := int(binary.BigEndian.Uint16(b[next:]))
		if length < 2 {
			return h, damaged(fmt.Sprintf("JPEG segment %#x of length %d", marker, length))
		}
		if next+length > len(b) {
			return h, truncated("JPEG ends within a segment")
		}
		if err := h.segment(marker, b[next+2:next+length]); err != nil {
			return h, err
		}
		at = next + length
	}
}

// nextMarker finds the next marker at or after at: 0xff and a byte that is
// neither 0 (an escaped 0xff within picture data) nor 0xff (filling).
func nextMarker(b []byte, at int) (marker byte, next int, ok bool) {
	for at < len(b) {
		i := bytes.IndexByte(b[at:], 0xff)
		if i < 0 {
			break
		}
		at += i + 1
		for at < len(b) && b[at] == 0xff {
			at++
		}
		if at < len(b) && b[at] != 0 {
			return b[at], at + 1, true
		}
	}
	return 0, 0, false
}

// segment reads size and orientation.
func (h *Header) segment(marker byte, data []byte) error {
	switch {
	case marker == markerAPP1 && bytes.HasPrefix(data, []byte("Exif\x00")) && len(data) > 6 && h.Orientation == 0:
		h.Orientation = orientation(data[6:])
	case marker == markerSOS && h.Width == 0:
		return damaged("JPEG scan before the frame")
	case marker >= 0xc0 && marker <= 0xcf && marker != markerDHT && marker != markerJPG && marker != markerDAC && h.Width == 0:
		if len(data) < 6 {
			return damaged("JPEG frame header is too short")
		}
		h.Height = int(binary.BigEndian.Uint16(data[1:]))
		h.Width = int(binary.BigEndian.Uint16(data[3:]))
		if h.Width == 0 || h.Height == 0 {
			return damaged("JPEG frame without a size")
		}
	}
	return nil
}
