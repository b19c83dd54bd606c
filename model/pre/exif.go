package pre

import "encoding/binary"

// tagOrientation is TIFF's tag of the same name.
const tagOrientation = 0x0112

// orientation reads EXIF data, which is a TIFF file, and returns the
// orientation, or 0 if there is none. Broken EXIF data is not an error: a
// picture is worth more than its notes.
func orientation(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 0
	}
	count := int(order.Uint16(b[at:]))
	entries := b[at+2:]
	for range count {
		if len(entries) < 12 {
			return 0
		}
		// A directory entry: tag, type (3 is SHORT), count, value.
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == 3 {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}
