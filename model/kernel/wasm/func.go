package wasm

import "math"

// Func is a function under construction: its methods append statements.
type Func struct {
	module *Module
	index  uint32
	typ    uint32
	name   string
	params int
	locals []Type
	code   []byte
	result bool // returns an I32

	prologue []byte            // runs before code
	held     map[uint32]VecVar // by bits
}

// Param returns parameter i, which must be an I32.
func (f *Func) Param(i int) IntVar { return IntVar{f, uint32(i)} }

// Int adds a local integer, 0 at the start of each call.
func (f *Func) Int() IntVar { return IntVar{f, f.local(I32)} }

// Ints adds n local integers.
func (f *Func) Ints(n int) []IntVar {
	vs := make([]IntVar, n)
	for i := range vs {
		vs[i] = f.Int()
	}
	return vs
}

// Vec adds a local vector, all zeros at the start of each call.
func (f *Func) Vec() VecVar { return VecVar{f, f.local(V128)} }

// Vecs adds n local vectors.
func (f *Func) Vecs(n int) []VecVar {
	vs := make([]VecVar, n)
	for i := range vs {
		vs[i] = f.Vec()
	}
	return vs
}

// Held is a constant vector of four times v that a local variable holds. V8
// makes a constant anew wherever one is used, with three instructions, and sees
// through a variable that is set to one; so this is one that it cannot know: the
// integer at address zero, which must be 0, takes part.
func (f *Func) Held(v float32, zero int) Vec {
	bits := math.Float32bits(v)
	if _, ok := f.held[bits]; !ok {
		if f.held == nil {
			f.held = map[uint32]VecVar{}
		}
		c := f.Vec()
		f.held[bits] = c
		e := Lanes(bits).Or(SplatInt(Const(zero).Load(0)))
		f.prologue = append(f.prologue, join(e.code, appendUint([]byte{0x21}, c.index))...)
	}
	return f.held[bits].Value()
}

func (f *Func) local(t Type) uint32 {
	f.locals = append(f.locals, t)
	return uint32(f.params + len(f.locals) - 1)
}

// localRuns encodes the locals as runs of equal types (spec 5.5.13).
func (f *Func) localRuns() []byte {
	type run struct {
		n uint32
		t Type
	}
	var runs []run
	for _, t := range f.locals {
		if n := len(runs); n > 0 && runs[n-1].t == t {
			runs[n-1].n++
		} else {
			runs = append(runs, run{1, t})
		}
	}
	b := appendUint(nil, uint32(len(runs)))
	for _, r := range runs {
		b = append(appendUint(b, r.n), byte(r.t))
	}
	return b
}

func (f *Func) emit(parts ...[]byte) {
	for _, p := range parts {
		f.code = append(f.code, p...)
	}
}

// If runs then if cond is not 0.
func (f *Func) If(cond Int, then func()) {
	f.emit(cond.code, []byte{0x04, 0x40})
	then()
	f.emit([]byte{0x0b})
}

// IfElse runs then if cond is not 0, else otherwise.
func (f *Func) IfElse(cond Int, then, otherwise func()) {
	f.emit(cond.code, []byte{0x04, 0x40})
	then()
	f.emit([]byte{0x05})
	otherwise()
	f.emit([]byte{0x0b})
}

// Repeat runs body, then again as long as cond, evaluated after it, is not 0.
func (f *Func) Repeat(body func(), cond Int) {
	f.emit([]byte{0x03, 0x40})
	body()
	f.emit(cond.code, []byte{0x0d, 0, 0x0b})
}

// While runs body as long as cond, evaluated before it, is not 0.
func (f *Func) While(cond Int, body func()) {
	f.If(cond, func() { f.Repeat(body, cond) })
}

// For runs body with v = from, from+step … as long as v < to (unsigned).
func (f *Func) For(v IntVar, from, to Int, step int, body func()) {
	v.Set(from)
	f.While(v.Lt(to), func() {
		body()
		v.Set(v.Add(Const(step)))
	})
}

// SetGlobal assigns e to a global integer.
func (f *Func) SetGlobal(g Global, e Int) { f.emit(e.code, appendUint([]byte{0x24}, uint32(g))) }

// ReturnInt ends a function that has a result.
func (f *Func) ReturnInt(v Int) { f.emit(v.code, []byte{0x0f}) }

// Call calls g, which must have no result.
func (f *Func) Call(g *Func, args ...Int) {
	for _, a := range args {
		f.emit(a.code)
	}
	f.emit(appendUint([]byte{0x10}, g.index))
}

// CallInt returns the result of g, a function made by [Module.FuncInt].
func CallInt(g *Func, args ...Int) Int {
	var code []byte
	for _, a := range args {
		code = append(code, a.code...)
	}
	return Int{appendUint(append(code, 0x10), g.index)}
}

// CallTable calls the function at place i of the table, which must have as
// many I32 parameters as there are args.
func (f *Func) CallTable(i Int, args ...Int) {
	types := make([]Type, len(args))
	for k, a := range args {
		types[k] = I32
		f.emit(a.code)
	}
	f.emit(i.code, appendUint([]byte{0x11}, f.module.typeIndex(types, nil)), []byte{0})
}
