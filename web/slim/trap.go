package slim

// Trap leaves of functions that never run an instruction that ends the program, in
// case that one is called nevertheless. It comes after [Module] and before [Cut].
// Functions with a type of their own (parts of the runtime in assembly) stay whatever
// never says.
func Trap(module []byte, never func(function string) bool) ([]byte, error) {
	m, err := decode(module)
	if err != nil {
		return nil, err
	}
	for i := range m.bodies {
		if name, ok := m.names[i]; ok && m.types[i] == goType && never(name) {
			m.bodies[i] = []byte{0, opUnreachable, opEnd}
		}
	}
	for i, s := range m.sections {
		if s.id == codeSection {
			m.sections[i].body = encodeBodies(m.bodies)
		}
	}
	return join(m.sections), nil
}
