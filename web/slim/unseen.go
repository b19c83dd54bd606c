package slim

import (
	"encoding/binary"
	"strings"
)

// dropTypes takes out of descriptors of types what nothing looks at: names and fields
// of types of which no value ever gets into an interface, methods that no interface has,
// and what serves to find types only, if the program makes none.
func (t *pclntab) dropTypes() error {
	names, err := t.names()
	if err != nil {
		return err
	}
	f, err := t.findTypes()
	if err != nil {
		return err
	}
	unseen := f.unseen()
	f.dropNames(unseen)
	for at := range f.found {
		f.dropMethods(at)
		if unseen[at] {
			f.dropFields(at)
		}
	}
	linked := map[string]bool{}
	for _, name := range names {
		linked[name] = true
	}
	if !linked["reflect.typesByString"] {
		clear(t.memory[t.typeLinks.start:t.typeLinks.end])
	}
	if !linked["reflect.ptrTo"] {
		for at := range f.found {
			clear(t.memory[at+typePointer : at+typeSize])
		}
	}
	return f.err
}

// unseen are the types that only the garbage collector sees: closures' variables, the
// shapes for which generic code is compiled, and the groups in which maps keep their
// entries. Where it looks at fields, all stays.
func (f *types) unseen() map[int]bool {
	set, looked := map[int]bool{}, map[int]bool{}
	for at := range f.found {
		if f.memory[at+typeFlags]&flagMaskByNeed != 0 {
			f.within(at, looked)
		}
		if f.memory[at+typeKind] == kindMap {
			f.group(f.address(at+mapGroup), set)
		}
		if f.isClosure(at) || strings.Contains(f.string(at), "go.shape.") {
			set[at] = true
		}
	}
	for at := range looked {
		delete(set, at)
	}
	return set
}

// within notes a type and those of which its values consist.
func (f *types) within(at int, set map[int]bool) {
	if !f.found[at] || set[at] {
		return
	}
	set[at] = true
	switch f.memory[at+typeKind] {
	case kindArray:
		f.within(f.address(at+typeElem), set)
	case kindStruct:
		for _, field := range f.list(at+structFields, fieldSize) {
			f.within(f.address(field+fieldType), set)
		}
	}
}

// group notes the types of a group of a map's entries: a struct of a control word and an
// array of structs of key and element.
func (f *types) group(at int, set map[int]bool) {
	if !f.found[at] || f.memory[at+typeKind] != kindStruct {
		return
	}
	fields := f.list(at+structFields, fieldSize)
	if len(fields) != 2 {
		return
	}
	slots := f.address(fields[1] + fieldType)
	if !f.found[slots] || f.memory[slots+typeKind] != kindArray {
		return
	}
	for _, at := range []int{at, slots, f.address(slots + typeElem)} {
		if f.found[at] {
			set[at] = true
		}
	}
}

// dropNames clears the names of types that no other type has.
func (f *types) dropNames(unseen map[int]bool) {
	needed := map[int]bool{}
	for at := range f.found {
		if !unseen[at] {
			needed[f.offset(at+typeString)] = true
		}
	}
	for at := range unseen {
		name := f.offset(at + typeString)
		r := reader{f.memory[:f.types.end], name + 1}
		if r.take(int(r.uint())); !needed[name] && f.memory[name]&^1 == 0 { // nothing is behind the name
			clear(f.memory[name:r.at])
		}
	}
}

// dropFields leaves of a descriptor what the garbage collector needs.
func (f *types) dropFields(at int) {
	switch f.memory[at+typeKind] {
	case kindStruct:
		for _, field := range f.list(at+structFields, fieldSize) {
			clear(f.memory[field : field+fieldSize])
		}
		clear(f.memory[at+typeSize : at+sizeOfKind[kindStruct]])
	case kindFunc:
		for _, param := range f.params(at) {
			clear(f.memory[param : param+8])
		}
		clear(f.memory[at+typeSize : at+typeSize+4])
	}
	clear(f.memory[at+typeHash : at+typeFlags])
	clear(f.memory[at+typeString : at+typeSize])
	f.memory[at+typeFlags] &^= flagExtraStar
}

// dropMethods takes out of a type's methods those that no interface has.
func (f *types) dropMethods(at int) {
	methods := f.methods(at)
	if len(methods) == 0 {
		return
	}
	head := f.memory[f.methodHead(at):]
	exported := int(binary.LittleEndian.Uint16(head[methodExported:]))
	kept, keptExported := 0, 0
	for i, method := range methods {
		if f.isFound(method) {
			copy(f.memory[methods[kept]:], f.memory[method:method+methodEntry])
			kept++
			if i < exported {
				keptExported++
			}
		}
	}
	for _, method := range methods[kept:] {
		clear(f.memory[method : method+methodEntry])
	}
	binary.LittleEndian.PutUint16(head[methodCount:], uint16(kept))
	binary.LittleEndian.PutUint16(head[methodExported:], uint16(keptExported))
}
