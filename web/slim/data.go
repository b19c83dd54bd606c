package slim

// maxImage bounds the memory that a module may describe.
const maxImage = 256 << 20

// image is the memory as the data section fills it, from address 0.
type image struct{ bytes []byte }

// span is the addresses from start up to, not including, end.
type span struct{ start, end int }

// readData reads a data section of active segments at constant addresses.
func readData(body []byte) (*image, error) {
	r := reader{body, 0}
	m := &image{}
	type segment struct {
		at   int
		data []byte
	}
	n := r.uint()
	if n > uint64(len(body)) {
		return nil, errorf("the data section is cut off")
	}
	segments := make([]segment, 0, n)
	top := 0
	for range n {
		kind, op, at, end := r.uint(), r.byte(), r.int(), r.byte()
		data := r.take(int(r.uint()))
		if kind != 0 || op != opI32Const || end != opEnd || at < 0 || data == nil || at+int64(len(data)) > maxImage {
			return nil, errorf("the data section has a segment of another form than Go's linker writes")
		}
		segments = append(segments, segment{int(at), data})
		top = max(top, int(at)+len(data))
	}
	if r.at != len(body) {
		return nil, errorf("the data section is longer than its segments")
	}
	m.bytes = make([]byte, top)
	for _, s := range segments { // in order: a later one overwrites
		copy(m.bytes[s.at:], s.data)
	}
	return m, nil
}

// encode writes the data section. What is zero is not always where it was before: data
// may have been moved to where an earlier form of the section had nothing.
func (m *image) encode() []byte { return m.encodeSpans(m.stretches()) }

// encodeSpans writes a data section with some of the memory.
func (m *image) encodeSpans(stretches []span) []byte {
	body := appendUint(nil, uint64(len(stretches)))
	for _, s := range stretches {
		body = append(appendInt(append(body, 0, opI32Const), int64(s.start)), opEnd)
		body = append(appendUint(body, uint64(s.end-s.start)), m.bytes[s.start:s.end]...)
	}
	return body
}

// longZeros is how many zeros are left out. The header of a segment costs about 6 bytes
// that hardly compress, zeros next to nothing; a long stretch of them is the program's
// zeroed variables.
const longZeros = 4096

// stretches returns where there is something, with the short stretches of zeros between.
func (m *image) stretches() []span {
	var out []span
	start, end := -1, 0 // of the stretch at hand
	for at, b := range m.bytes {
		if b == 0 {
			continue
		}
		if start < 0 || at-end >= longZeros {
			if start >= 0 {
				out = append(out, span{start, end})
			}
			start = at
		}
		end = at + 1
	}
	if start >= 0 {
		out = append(out, span{start, len(m.bytes)}) // so that the image keeps its length
	}
	return out
}
