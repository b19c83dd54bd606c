package wasm

// Type is a value type.
type Type byte

// The value types that kernels use.
const (
	I32  Type = 0x7f
	I64  Type = 0x7e
	F32  Type = 0x7d
	V128 Type = 0x7b
)

// Section numbers (spec 5.5.2) in the order in which they are written.
const (
	typeSection     = 1
	importSection   = 2
	functionSection = 3
	tableSection    = 4
	globalSection   = 6
	exportSection   = 7
	elementSection  = 9
	codeSection     = 10
)

// Memory describes the memory that the module imports as "env" "memory".
type Memory struct {
	// Min is the least number of 64 KiB pages the memory must have.
	Min uint32
	// Max is the greatest number of pages; it is written only if Shared is set.
	Max uint32
	// Shared asks for a memory that several threads see.
	Shared bool
}

// Module collects functions. The zero Module has none.
type Module struct {
	// Memory is the imported memory.
	Memory Memory
	// Relaxed allows relaxed SIMD: MulAdd becomes one fused instruction.
	Relaxed bool

	funcs   []*Func
	types   [][]byte
	table   []*Func
	globals int
}

// Func adds a function with the given parameters and no result. A name other
// than "" exports it.
func (m *Module) Func(name string, params ...Type) *Func {
	return m.add(name, params, nil)
}

// FuncInt adds a function with the given parameters that returns an I32: 0
// where it is not left by [Func.ReturnInt].
func (m *Module) FuncInt(name string, params ...Type) *Func {
	f := m.add(name, params, []Type{I32})
	f.result = true
	return f
}

func (m *Module) add(name string, params, results []Type) *Func {
	f := &Func{module: m, index: uint32(len(m.funcs)), name: name, params: len(params)}
	f.typ = m.typeIndex(params, results)
	m.funcs = append(m.funcs, f)
	return f
}

// Table appends f to the module's table, for CallTable, and returns its place.
func (m *Module) Table(f *Func) int {
	m.table = append(m.table, f)
	return len(m.table) - 1
}

// Global adds a global integer, 0 at first. Each instance has its own, and so each
// thread.
func (m *Module) Global() Global {
	m.globals++
	return Global(m.globals - 1)
}

func (m *Module) typeIndex(params, results []Type) uint32 {
	t := []byte{0x60}
	for _, list := range [][]Type{params, results} {
		t = appendUint(t, uint32(len(list)))
		for _, p := range list {
			t = append(t, byte(p))
		}
	}
	for i, u := range m.types {
		if string(u) == string(t) {
			return uint32(i)
		}
	}
	m.types = append(m.types, t)
	return uint32(len(m.types) - 1)
}

// Bytes encodes the module.
func (m *Module) Bytes() []byte {
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	out = section(out, typeSection, m.typeBody())
	out = section(out, importSection, m.importBody())
	out = section(out, functionSection, m.functionBody())
	if len(m.table) > 0 {
		n := uint32(len(m.table))
		out = section(out, tableSection, appendUint(appendUint([]byte{1, 0x70, 1}, n), n))
	}
	if m.globals > 0 {
		out = section(out, globalSection, m.globalBody())
	}
	out = section(out, exportSection, m.exportBody())
	if len(m.table) > 0 {
		out = section(out, elementSection, m.elementBody())
	}
	return section(out, codeSection, m.codeBody())
}

func section(out []byte, id byte, body []byte) []byte {
	return append(appendUint(append(out, id), uint32(len(body))), body...)
}

func (m *Module) typeBody() []byte {
	b := appendUint(nil, uint32(len(m.types)))
	for _, t := range m.types {
		b = append(b, t...)
	}
	return b
}

func (m *Module) importBody() []byte {
	b := append([]byte{1}, "\x03env\x06memory\x02"...)
	if m.Memory.Shared {
		return appendUint(appendUint(append(b, 3), m.Memory.Min), m.Memory.Max)
	}
	return appendUint(append(b, 0), m.Memory.Min)
}

func (m *Module) functionBody() []byte {
	b := appendUint(nil, uint32(len(m.funcs)))
	for _, f := range m.funcs {
		b = appendUint(b, f.typ)
	}
	return b
}

func (m *Module) globalBody() []byte {
	b := appendUint(nil, uint32(m.globals))
	for range m.globals {
		b = append(b, byte(I32), 1, 0x41, 0, 0x0b) // mutable, starts with 0
	}
	return b
}

func (m *Module) exportBody() []byte {
	n, b := uint32(0), []byte(nil)
	for _, f := range m.funcs {
		if f.name != "" {
			n++
			b = append(appendUint(b, uint32(len(f.name))), f.name...)
			b = appendUint(append(b, 0), f.index)
		}
	}
	return append(appendUint(nil, n), b...)
}

func (m *Module) elementBody() []byte {
	b := []byte{1, 0, 0x41, 0, 0x0b} // one active segment at offset 0
	b = appendUint(b, uint32(len(m.table)))
	for _, f := range m.table {
		b = appendUint(b, f.index)
	}
	return b
}

func (m *Module) codeBody() []byte {
	b := appendUint(nil, uint32(len(m.funcs)))
	for _, f := range m.funcs {
		code := join(f.localRuns(), f.prologue, f.code)
		if f.result {
			code = append(code, Const(0).code...)
		}
		code = append(code, 0x0b)
		b = append(appendUint(b, uint32(len(code))), code...)
	}
	return b
}
