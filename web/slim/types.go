package slim

import (
	"encoding/binary"
	"strings"
)

// Type descriptors (internal/abi/type.go of Go 1.26): offsets of their fields, and
// their sizes by kind, behind which the list of methods is announced.
const (
	typeHash     = 16
	typeFlags    = 20
	typeKind     = 23
	typeString   = 40
	typePointer  = 44 // to the descriptor of a pointer to the type
	typeSize     = 48
	typeMost     = 120 // with what the kind adds, and the announcement of methods
	typeElem     = 48
	typeArray    = 56 // of an array: to the descriptor of a slice of its elements
	mapElem      = 56
	mapGroup     = 64
	structFields = 56
	fieldSize    = 24
	fieldType    = 8
	ifaceMethods = 56

	flagMethods    = 1 << 0
	flagExtraStar  = 1 << 1
	flagMaskByNeed = 1 << 4 // the runtime looks at the fields to see where pointers are

	kindMost = 26

	kindArray, kindChan, kindFunc, kindInterface, kindMap, kindPointer, kindSlice, kindStruct = 17, 18, 19, 20, 21, 22, 23, 25
)

var sizeOfKind = map[byte]int{kindArray: 72, kindChan: 64, kindFunc: 56, kindInterface: 80, kindMap: 104, kindPointer: 56, kindSlice: 56, kindStruct: 80}

// List of methods: where it is announced, and in an entry of it.
const (
	methodCount    = 4
	methodExported = 6 // how many of them are exported; these are first
	methodsOffset  = 8
	methodsSize    = 16
	methodType     = 4 // in an entry; the linker writes -1 if no interface has such a method
	methodEntry    = 16
)

// types are the descriptors of a program's types that can be found.
type types struct {
	*pclntab
	found map[int]bool // by address
	err   error
}

// findTypes finds the descriptors that the list for package reflect names, what these
// lead to, and those of closures, which nothing but code names.
func (t *pclntab) findTypes() (*types, error) {
	f := &types{pclntab: t, found: map[int]bool{}}
	for at := t.typeLinks.start; at < t.typeLinks.end; at += 4 {
		f.visit(f.offset(at))
	}
	for at := (t.types.start + 7) &^ 7; at <= t.types.end-typeMost; at += 8 {
		if f.isClosure(at) {
			f.visit(at)
		}
	}
	return f, f.err
}

// visit notes a descriptor and those to which it leads.
func (f *types) visit(at int) {
	if f.err != nil || at == f.types.start || f.found[at] {
		return
	}
	if at < f.types.start || at > f.types.end-typeMost || f.memory[at+typeKind] == 0 || f.memory[at+typeKind] > kindMost || f.offset(at+typeString) >= f.types.end {
		f.err = errorf("a type's descriptor is not as expected")
		return
	}
	f.found[at] = true
	f.visit(f.offset(at + typePointer))
	switch f.memory[at+typeKind] {
	case kindArray:
		f.visit(f.address(at + typeElem))
		f.visit(f.address(at + typeArray))
	case kindChan, kindPointer, kindSlice:
		f.visit(f.address(at + typeElem))
	case kindMap:
		f.visit(f.address(at + typeElem))
		f.visit(f.address(at + mapElem))
		f.visit(f.address(at + mapGroup))
	case kindStruct:
		for _, field := range f.list(at+structFields, fieldSize) {
			f.visit(f.address(field + fieldType))
		}
	case kindFunc:
		for _, p := range f.params(at) {
			f.visit(f.address(p))
		}
	case kindInterface:
		for _, method := range f.list(at+ifaceMethods, 8) {
			f.visit(f.offset(method + 4))
		}
	}
	for _, method := range f.methods(at) {
		if f.isFound(method) {
			f.visit(f.offset(method + methodType))
		}
	}
}

// isClosure reports whether a closure's variables have their descriptor at an address:
// a struct of which the first field is the code's address.
func (f *types) isClosure(at int) bool {
	if f.memory[at+typeKind] != kindStruct || f.memory[at+typeFlags] != flagExtraStar || f.word64(at+structFields) != at+sizeOfKind[kindStruct] {
		return false
	}
	str := int(binary.LittleEndian.Uint32(f.memory[at+typeString:]))
	return str < f.types.end-f.types.start && strings.HasPrefix(f.name(f.types.start+str), "*struct { F uintptr; ")
}

// string returns a type's name, as reflect shows it.
func (f *types) string(at int) string {
	name := f.name(f.offset(at + typeString))
	if f.memory[at+typeFlags]&flagExtraStar != 0 {
		return strings.TrimPrefix(name, "*")
	}
	return name
}

// name reads a name: flags, its length, the text.
func (f *types) name(at int) string {
	r := reader{f.memory[:f.types.end], at + 1}
	return string(r.take(int(r.uint())))
}

// list returns the addresses of the entries of a slice.
func (f *types) list(at, size int) []int {
	first, n := f.word64(at), f.word64(at+8)
	if n == 0 {
		return nil
	}
	return f.entries(first, n, size)
}

// params returns where a function's type names those of its parameters and results.
func (f *types) params(at int) []int {
	first := at + sizeOfKind[kindFunc]
	if f.memory[at+typeFlags]&flagMethods != 0 {
		first += methodsSize
	}
	in, out := binary.LittleEndian.Uint16(f.memory[at+typeSize:]), binary.LittleEndian.Uint16(f.memory[at+typeSize+2:])
	return f.entries(first, int(in)+int(out&0x7fff), 8) // the highest bit says that it is variadic
}

// methods returns the addresses of a type's methods.
func (f *types) methods(at int) []int {
	if head := f.methodHead(at); head != 0 {
		return f.entries(head+int(binary.LittleEndian.Uint32(f.memory[head+methodsOffset:])), int(binary.LittleEndian.Uint16(f.memory[head+methodCount:])), methodEntry)
	}
	return nil
}

// methodHead returns where a type's methods are announced, or 0.
func (f *types) methodHead(at int) int {
	if f.memory[at+typeFlags]&flagMethods == 0 {
		return 0
	}
	if size, ok := sizeOfKind[f.memory[at+typeKind]]; ok {
		return at + size
	}
	return at + typeSize
}

// isFound reports whether an interface may have a method: its type is there.
func (f *types) isFound(method int) bool {
	return int32(binary.LittleEndian.Uint32(f.memory[method+methodType:])) > 0
}

func (f *types) entries(first, n, size int) []int {
	if first < f.types.start || first > f.types.end || n < 0 || n > (f.types.end-first)/size {
		f.err = errorf("a type's list lies beyond its place")
		return nil
	}
	out := make([]int, n)
	for i := range out {
		out[i] = first + i*size
	}
	return out
}

// offset returns the address that an offset from the first type names.
func (f *types) offset(at int) int {
	return f.types.start + int(binary.LittleEndian.Uint32(f.memory[at:]))
}

// address reads a pointer; to nothing is to the first type, which is none.
func (f *types) address(at int) int { return max(f.word64(at), f.types.start) }

func (f *types) word64(at int) int { return int(binary.LittleEndian.Uint64(f.memory[at:])) }
