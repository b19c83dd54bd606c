package slim

const (
	typeSection     = 1
	importSection   = 2
	functionSection = 3
	globalSection   = 6
	exportSection   = 7
	elementSection  = 9
	codeSection     = 10

	kindFunction = 0
	kindTable    = 1
	kindMemory   = 2
	kindGlobal   = 3

	typeI32     = 0x7f
	typeI64     = 0x7e
	typeFuncref = 0x70
)

// decoded is what a cut needs to know of a module.
type decoded struct {
	sections    []section
	typeCount   int
	imports     int    // functions; Go imports nothing else
	types       []int  // of the module's own functions
	globals     int    // how many; all are variables that start as 0
	globalTypes []byte // their types
	exported    []export
	tabled      int // how many of them are in the function table, by their order; all as Go's linker writes it
	bodies      [][]byte
	forms       []signature    // of types
	signatures  []signature    // of all functions, imports first
	names       map[int]string // of the module's own functions, as Go knows them
}

// signature is how many operands a function takes and gives.
type signature struct{ params, results int }

type export struct {
	name  string
	kind  byte
	index int
}

// decode takes a module of Go's linker apart.
func decode(module []byte) (*decoded, error) {
	sections, err := split(module)
	if err != nil {
		return nil, err
	}
	m := &decoded{sections: sections}
	for _, s := range sections {
		r := &reader{s.body, 0}
		switch s.id {
		case typeSection:
			m.decodeTypes(r)
		case importSection:
			err = m.decodeImports(r)
		case functionSection:
			for range r.count() {
				m.types = append(m.types, m.decodeType(r))
			}
		case globalSection:
			err = m.decodeGlobals(r)
		case exportSection:
			for range r.count() {
				name := r.take(r.count())
				m.exported = append(m.exported, export{string(name), r.byte(), int(r.uint())})
			}
		case elementSection:
			err = m.checkElements(r)
		case codeSection:
			for range r.count() {
				m.bodies = append(m.bodies, r.take(r.count()))
			}
		case dataSection:
			err = m.decodeNames(s.body)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(m.types) == 0 || len(m.bodies) != len(m.types) || m.names == nil {
		return nil, errorf("the module lacks functions or data")
	}
	return m, nil
}

func (m *decoded) decodeTypes(r *reader) {
	m.typeCount = r.count()
	for range m.typeCount {
		r.byte()
		params := len(r.take(r.count()))
		m.forms = append(m.forms, signature{params, len(r.take(r.count()))})
	}
}

// decodeType reads the type of the next function.
func (m *decoded) decodeType(r *reader) int {
	t := r.uint()
	if t >= uint64(len(m.forms)) {
		t = uint64(len(m.forms)) // of no function of Go's
		m.signatures = append(m.signatures, signature{})
		return int(t)
	}
	m.signatures = append(m.signatures, m.forms[t])
	return int(t)
}

// count reads a number of things that follow, of which each takes a byte or more.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)-r.at) {
		r.at = len(r.b)
		return 0
	}
	return int(n)
}

func (m *decoded) decodeImports(r *reader) error {
	m.imports = r.count()
	for range m.imports {
		r.take(r.count())
		r.take(r.count())
		if r.byte() != kindFunction {
			return errorf("an import is not a function")
		}
		m.decodeType(r)
	}
	return nil
}

func (m *decoded) decodeGlobals(r *reader) error {
	m.globals = r.count()
	for range m.globals {
		global := r.take(5)
		if len(global) != 5 || global[1] != 1 || global[3] != 0 || global[4] != opEnd {
			return errorf("a global variable of another form than Go's linker writes")
		}
		m.globalTypes = append(m.globalTypes, global[0])
	}
	return nil
}

// checkElements makes sure that the table has all functions in their order.
func (m *decoded) checkElements(r *reader) error {
	ok := r.count() == 1 && r.uint() == 0 && r.byte() == opI32Const && r.int() == tableBase && r.byte() == opEnd
	m.tabled = r.count()
	ok = ok && m.tabled <= len(m.types)
	for i := 0; ok && i < m.tabled; i++ {
		ok = r.uint() == uint64(m.imports+i)
	}
	if !ok {
		return errorf("the function table is not as Go's linker writes it")
	}
	return nil
}

func (m *decoded) decodeNames(data []byte) error {
	image, err := readData(data)
	if err != nil {
		return err
	}
	table, err := findTable(image.bytes)
	if err != nil {
		return err
	}
	if m.names, err = table.names(); err != nil {
		return err
	}
	for own := range m.names {
		if own < 0 || own >= len(m.types) {
			return errorf("the function table names a function that the module does not have")
		}
	}
	return nil
}

// section returns the body of a section.
func (m *decoded) section(id byte) []byte {
	for _, s := range m.sections {
		if s.id == id {
			return s.body
		}
	}
	return nil
}
