package slim

import "encoding/binary"

// funcDeferred is where in a function's record the place is at which it goes on
// after a panic from which it recovers.
const funcDeferred = 12

// buildID is a function that only holds a text.
const buildID = "go:buildid"

// tighten writes a module's functions anew, shorter. It comes after clearLines, because
// it keeps only those sequences that clearLines leaves.
func tighten(module []byte) ([]byte, error) {
	m, err := decode(module)
	if err != nil {
		return nil, err
	}
	image, err := readData(m.section(dataSection))
	if err != nil {
		return nil, err
	}
	t, err := findTable(image.bytes)
	if err != nil {
		return nil, err
	}
	records := map[int]funcRecord{}
	for _, r := range t.records {
		records[r.function] = r
	}
	known := map[int]*frames{}
	bodies := make([][]byte, len(m.bodies))
	for i, body := range m.bodies {
		bodies[i] = body
		r, ok := records[i]
		if m.types[i] != goType || m.names[i] == buildID {
			continue
		}
		if !ok {
			return nil, errorf("function %d is not in the function table", i)
		}
		before, err := t.frames(r)
		if err != nil {
			return nil, err
		}
		record := t.memory[r.at+funcDeferred:]
		f := &tightened{frames: before, deferred: int64(binary.LittleEndian.Uint32(record))}
		if bodies[i], err = m.tightenFunction(i, body, f); err != nil {
			return nil, errorf("%s: %w", m.names[i], err)
		}
		known[i] = f.frames
		binary.LittleEndian.PutUint32(record, uint32(f.deferred))
	}
	if err := t.rewriteSequences(known); err != nil {
		return nil, err
	}
	for i, s := range m.sections {
		switch s.id {
		case codeSection:
			m.sections[i].body = encodeBodies(bodies)
		case dataSection:
			m.sections[i].body = image.encode()
		}
	}
	return join(m.sections), nil
}

// tightened is what the table says of a function, before and after.
type tightened struct {
	frames   *frames
	deferred int64
}

func (m *decoded) tightenFunction(own int, body []byte, t *tightened) ([]byte, error) {
	f, err := parseFlow(own, body)
	if err != nil {
		return nil, err
	}
	f.rewriteCalls(m.callee)
	for s := range f.segments {
		f.segments[s] = m.simplify(f.segments[s])
	}
	deferred := int64(-1)
	if t.deferred != 0 {
		deferred = f.segment(t.deferred)
	}
	l := f.layOut(deferred)
	sites := f.numberCalls(l, deferred, t.frames)
	before := t.deferred
	if deferred >= 0 {
		t.deferred = l.rank[deferred]
	}
	if t.frames, err = t.frames.renumbered(sites, before, t.deferred); err != nil {
		return nil, err
	}
	return f.emit(l), nil
}

// callee says what kind of function an index names.
func (m *decoded) callee(function int64) callee {
	own := int(function) - m.imports
	switch {
	case own < 0 || own >= len(m.types): // the host may call Go, which may move the stack
		return ordinary
	case m.types[own] != goType:
		return special
	}
	return calleesByName[m.names[own]]
}
