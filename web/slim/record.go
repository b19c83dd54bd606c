package slim

// ImportRan is the name of the import of a recording program: a function that is
// called with a function's number whenever that function begins or goes on.
const ImportRan = "ran"

// Recording returns a form of a program that tells the host which of its functions
// run, and their names by number: the raw material for what [Cut] is asked to take out.
func Recording(module []byte) ([]byte, map[int]string, error) {
	m, err := decode(module)
	if err != nil {
		return nil, nil, err
	}
	bodies := make([][]byte, len(m.bodies))
	for i, body := range m.bodies {
		if bodies[i], err = m.recordingBody(i, body); err != nil {
			return nil, nil, err
		}
	}
	var out []section
	for _, s := range m.sections {
		switch s.id {
		case typeSection:
			s.body = appendEntries(s.body, []byte{0x60, 1, typeI32, 0})
		case importSection:
			s.body = appendEntries(s.body, appendUint(append(appendName(appendName(nil, ImportModule), ImportRan), kindFunction), uint64(m.typeCount)))
		case exportSection:
			s.body = m.encodeExports(nil)
		case elementSection:
			s.body = m.encodeElements()
		case codeSection:
			s.body = encodeBodies(bodies)
		}
		out = append(out, s)
	}
	return join(out), m.names, nil
}

// recordingBody puts the call of the host in front of a function's instructions.
func (m *decoded) recordingBody(own int, body []byte) ([]byte, error) {
	body, err := rewriteCalls(body, m.callBehindImport)
	if err != nil {
		return nil, err
	}
	r := &reader{body, 0}
	if err := skipLocals(r); err != nil {
		return nil, err
	}
	out := append([]byte{}, body[:r.at]...)
	out = appendCall(appendInt(append(out, opI32Const), int64(own)), m.imports)
	return append(out, body[r.at:]...), nil
}
