package slim

import "slices"

// Parts is a program in two modules.
type Parts struct {
	// Main starts and runs like the whole program. It has an import more besides
	// what Go's loader provides, in the namespace of ImportMore: a function that
	// instantiates More with the exports of Main.
	Main []byte
	// More has the functions that were taken out.
	More []byte
	// Moved is how many functions More has.
	Moved int

	cold      []bool // which functions More has
	functions int    // how many it has and imports
}

// Names of the import of Main and of the namespace that More imports from.
const (
	ImportModule = "larder"
	ImportMore   = "more"
)

// goType is the type of Go's functions, the first of every module: from the place
// in the function, or the return address if it begins, to whether the stack unwinds. tableBase is the place of the first
// function in the table, and its number in Go; times 65536 it is the address.
const (
	goType    = 0
	tableBase = 0x1000
)

// Cut takes the functions for which cold says so out of a module that Go's linker
// has written, and puts them into a second one.
//
// In the first module a function that was taken out leaves a stub of a few bytes
// behind. All stubs call one function, which has the second module loaded, once,
// and then calls what stands in the function table at the stub's place: the second
// module has put its functions there when it was instantiated. Whatever calls the
// function, directly, by a closure or when the scheduler resumes a goroutine, goes
// through the stub or the table, so nothing else has to change. The second module
// imports memory, table and the registers of Go's machine from the first, and calls
// the first one's functions through the table.
//
// Functions that call the host and those with a type of their own (parts of the
// runtime in assembly) stay whatever cold says.
func Cut(module []byte, cold func(function string) bool) (Parts, error) {
	m, err := decode(module)
	if err != nil {
		return Parts{}, err
	}
	if m.tabled != len(m.types) {
		return Parts{}, errorf("the module was cut before")
	}
	c, err := newCutter(m, cold)
	if err != nil {
		return Parts{}, err
	}
	main, err := c.main()
	if err != nil {
		return Parts{}, err
	}
	more, err := c.more()
	if err != nil {
		return Parts{}, err
	}
	moved := 0
	for _, is := range c.cold {
		if is {
			moved++
		}
	}
	return Parts{main, more, moved, c.cold, len(c.lent) + moved}, nil
}

type cutter struct {
	*decoded
	cold    []bool      // by own function
	lent    map[int]int // functions of the first module that the second calls by import: their place among its imports
	numbers []int       // own functions in the second module, by number; -1 if not there
}

func newCutter(m *decoded, cold func(string) bool) (*cutter, error) {
	c := &cutter{decoded: m, cold: make([]bool, len(m.types)), lent: map[int]int{}, numbers: make([]int, len(m.types))}
	for i := range m.types {
		name, ok := m.names[i]
		if !ok || m.types[i] != goType || !cold(name) {
			continue
		}
		calls, err := m.callsHost(i)
		if err != nil {
			return nil, err
		}
		c.cold[i] = !calls
	}
	// What a cold function calls and is not one of Go's ordinary functions is imported.
	var lent []int
	for i, body := range m.bodies {
		if !c.cold[i] {
			continue
		}
		if _, err := rewriteCalls(body, func(out []byte, f int) []byte {
			if own := f - m.imports; m.types[own] != goType && !slices.Contains(lent, own) {
				lent = append(lent, own)
			}
			return out
		}); err != nil {
			return nil, err
		}
	}
	slices.Sort(lent)
	for place, own := range lent {
		c.lent[own] = place
	}
	next := len(lent)
	for i := range c.numbers {
		c.numbers[i] = -1
		if c.cold[i] {
			c.numbers[i] = next
			next++
		}
	}
	return c, nil
}

// callsHost reports whether a function calls an import.
func (m *decoded) callsHost(own int) (bool, error) {
	found := false
	_, err := rewriteCalls(m.bodies[own], func(out []byte, f int) []byte {
		found = found || f < m.imports || f >= m.imports+len(m.types)
		return out
	})
	return found, err
}

// place returns where an own function stands in the table.
func place(own int) int64 { return int64(tableBase + own) }
