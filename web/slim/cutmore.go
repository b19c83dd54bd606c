package slim

import (
	"maps"
	"slices"
	"strconv"
)

// memoryName is the name by which Go exports its memory.
const memoryName = "mem"

// link is something of the first module that the second imports by a name.
type link struct {
	name  string
	kind  byte
	index int    // in the first module
	typ   []byte // in the second module's import
}

// links lists what the two modules share, functions last.
func (c *cutter) links() []link {
	list := []link{
		{memoryName, kindMemory, 0, []byte{0, 0}},
		{"table", kindTable, 0, []byte{typeFuncref, 0, 0}},
	}
	for i := range c.globals {
		list = append(list, link{"r" + strconv.Itoa(i), kindGlobal, i, []byte{c.globalTypes[i], 1}})
	}
	for _, own := range slices.Sorted(maps.Keys(c.lent)) {
		list = append(list, link{"f" + strconv.Itoa(own), kindFunction, c.imports + 1 + own, appendUint(nil, uint64(c.types[own]))})
	}
	return list
}

// more writes the second module.
func (c *cutter) more() ([]byte, error) {
	var imports []byte
	for _, l := range c.links() {
		imports = append(append(appendName(appendName(imports, ImportModule), l.name), l.kind), l.typ...)
	}
	imports = append(appendUint(nil, uint64(len(c.links()))), imports...)

	var functions []byte
	var bodies [][]byte
	for i, body := range c.bodies {
		if !c.cold[i] {
			continue
		}
		body, err := rewriteCalls(body, c.callFromMore)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
		functions = appendUint(functions, goType)
	}
	functions = append(appendUint(nil, uint64(len(bodies))), functions...)
	return join([]section{
		{typeSection, c.section(typeSection)},
		{importSection, imports},
		{functionSection, functions},
		{elementSection, c.moreElements()},
		{codeSection, encodeBodies(bodies)},
	}), nil
}

// callFromMore writes a call that stands in the second module.
func (c *cutter) callFromMore(out []byte, f int) []byte {
	own := f - c.imports
	if lent, ok := c.lent[own]; ok {
		return appendCall(out, lent)
	}
	if c.cold[own] {
		return appendCall(out, c.numbers[own])
	}
	return append(appendInt(append(out, opI32Const), place(own)), opCallIndirect, goType, 0)
}

// moreElements puts the second module's functions into the table.
func (c *cutter) moreElements() []byte {
	var out []byte
	runs := 0
	for i := 0; i < len(c.cold); i++ {
		if !c.cold[i] {
			continue
		}
		end := i
		for end < len(c.cold) && c.cold[end] {
			end++
		}
		out = append(appendInt(append(out, 0, opI32Const), place(i)), opEnd)
		out = appendUint(out, uint64(end-i))
		for ; i < end; i++ {
			out = appendUint(out, uint64(c.numbers[i]))
		}
		runs++
	}
	return append(appendUint(nil, uint64(runs)), out...)
}
