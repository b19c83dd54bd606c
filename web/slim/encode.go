package slim

import "bytes"

// The parts of a module that got one more import, behind those it had: everything
// that names an own function by its index moves by one.

// callBehindImport writes a call.
func (m *decoded) callBehindImport(out []byte, f int) []byte {
	if f >= m.imports {
		f++
	}
	return appendCall(out, f)
}

// encodeExports writes the exports of before and further ones, whose indices are
// final. A link whose name is exported already is left out.
func (m *decoded) encodeExports(links []link) []byte {
	var out []byte
	taken := map[string]bool{}
	add := func(name string, kind byte, index int) {
		if !taken[name] {
			taken[name] = true
			out = appendUint(append(appendName(out, name), kind), uint64(index))
		}
	}
	for _, e := range m.exported {
		if e.kind == kindFunction && e.index >= m.imports {
			e.index++
		}
		add(e.name, e.kind, e.index)
	}
	for _, l := range links {
		add(l.name, l.kind, l.index)
	}
	return append(appendUint(nil, uint64(len(taken))), out...)
}

// encodeElements writes the table's contents: all functions in their order.
func (m *decoded) encodeElements() []byte {
	out := append(appendInt([]byte{1, 0, opI32Const}, tableBase), opEnd)
	out = appendUint(out, uint64(len(m.types)))
	for i := range m.types {
		out = appendUint(out, uint64(m.imports+1+i))
	}
	return out
}

// encodeBodies writes a code section.
func encodeBodies(bodies [][]byte) []byte {
	out := appendUint(nil, uint64(len(bodies)))
	for _, body := range bodies {
		out = append(appendUint(out, uint64(len(body))), body...)
	}
	return out
}

// appendEntries adds entries to a section that is a vector.
func appendEntries(body []byte, entries ...[]byte) []byte {
	r := reader{body, 0}
	n := r.uint()
	out := append(appendUint(nil, n+uint64(len(entries))), body[r.at:]...)
	return append(out, bytes.Join(entries, nil)...)
}

func appendName(b []byte, name string) []byte {
	return append(appendUint(b, uint64(len(name))), name...)
}

// appendCall appends a direct call.
func appendCall(out []byte, function int) []byte {
	return appendUint(append(out, opCall), uint64(function))
}
