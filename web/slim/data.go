package slim

import "slices"

// maxGap is how many zeros are written out to join two segments. A header costs
// about 6 bytes that hardly compress, zeros next to nothing; a long stretch of
// them (the program's zeroed variables) is better left out.
const maxGap = 64

// maxImage bounds the memory that a module may describe.
const maxImage = 256 << 20

// image is the memory as the data section fills it: bytes from address 0, and
// which stretches of it are given.
type image struct {
	bytes  []byte
	ranges []span
}

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
		m.ranges = append(m.ranges, span{int(at), int(at) + len(data)})
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

// encode writes the data section with neighbouring ranges joined.
func (m *image) encode() []byte {
	slices.SortFunc(m.ranges, func(a, b span) int { return a.start - b.start })
	var joined []span
	for _, s := range m.ranges {
		if n := len(joined); n > 0 && s.start-joined[n-1].end <= maxGap {
			joined[n-1].end = max(joined[n-1].end, s.end)
		} else {
			joined = append(joined, s)
		}
	}
	joined = m.withoutZeros(joined)
	body := appendUint(nil, uint64(len(joined)))
	for _, s := range joined {
		body = append(appendInt(append(body, 0, opI32Const), int64(s.start)), opEnd)
		body = append(appendUint(body, uint64(s.end-s.start)), m.bytes[s.start:s.end]...)
	}
	return body
}

// longZeros is how many zeros within a range are left out.
const longZeros = 4096

// withoutZeros cuts long stretches of zeros out of ranges.
func (m *image) withoutZeros(ranges []span) []span {
	var out []span
	for _, s := range ranges {
		zeros := 0
		for at := s.start; at < s.end; at++ {
			if m.bytes[at] == 0 {
				zeros++
				continue
			}
			if zeros >= longZeros {
				if at-zeros > s.start {
					out = append(out, span{s.start, at - zeros})
				}
				s.start = at
			}
			zeros = 0
		}
		out = append(out, s)
	}
	return out
}
