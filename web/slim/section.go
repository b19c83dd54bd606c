package slim

import "bytes"

// dataSection is the number of the section with the memory's contents
// (WebAssembly 3.0, section 5.5.16).
const dataSection = 11

var header = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// section is one part of a module; body shares the module's bytes.
type section struct {
	id   byte
	body []byte
}

// split takes a module apart.
func split(module []byte) ([]section, error) {
	r := reader{module, 0}
	if !bytes.Equal(r.take(len(header)), header) {
		return nil, errorf("not a WebAssembly module")
	}
	var sections []section
	for r.at < len(r.b) {
		id := r.byte()
		body := r.take(int(r.uint()))
		if body == nil {
			return nil, errorf("section %d reaches beyond the module", id)
		}
		sections = append(sections, section{id, body})
	}
	return sections, nil
}

// join is the inverse of split.
func join(sections []section) []byte {
	out := bytes.Clone(header)
	for _, s := range sections {
		out = append(appendUint(append(out, s.id), uint64(len(s.body))), s.body...)
	}
	return out
}

// reader reads bytes and LEB128 numbers. Beyond the end it returns zeros and
// nil, and at stays there.
type reader struct {
	b  []byte
	at int
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b)-r.at {
		r.at = len(r.b)
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at : r.at]
}

// uint reads an unsigned number.
func (r *reader) uint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return v
}

// int reads a signed number.
func (r *reader) int() int64 {
	var v int64
	for shift := 0; shift < 64; shift += 7 {
		c := r.byte()
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			if c&0x40 != 0 && shift+7 < 64 {
				v |= -1 << (shift + 7)
			}
			break
		}
	}
	return v
}

func appendUint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendInt(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}
