package slim

import (
	"bytes"
	"encoding/binary"
)

// pclntab is the table of functions that the runtime keeps (runtime/symtab.go and
// internal/abi/symtab.go of Go 1.26): a header of eight words behind a
// magic number, and a record for each function.
type pclntab struct {
	memory           []byte
	at               int // address of the header
	records          []funcRecord
	funcData         int  // address from which records count their function data
	end              int  // address behind the table and the function data
	buckets          int  // address of the index that leads from a program counter into the table
	module           int  // address of moduledata
	types, typeLinks span // addresses of the descriptors of types, and of their list
}

// funcRecord says where one function's record lies.
type funcRecord struct {
	function int // its number among the module's own functions
	at       int // address of the record
}

const (
	pclnMagic    = "\xf1\xff\xff\xff\x00\x00\x01\x08" // Go 1.20, instructions of 1 byte, words of 8
	pclnNumFuncs = 8
	pclnNames    = 8 + 3*8
	pclnUnits    = 8 + 4*8 // files of compilation units, then the files' names
	pclnSeqTable = 8 + 6*8
	pclnFuncs    = 8 + 7*8
	pclnHeader   = 8 + 8*8

	funcName = 4 // offset of the name in a record
)

// findTable finds the table in a program's memory and reads where its records are.
func findTable(memory []byte) (*pclntab, error) {
	at := bytes.Index(memory, []byte(pclnMagic))
	if at < 0 || len(memory)-at < pclnHeader {
		return nil, errorf("there is no function table as of Go 1.26")
	}
	t := &pclntab{memory: memory, at: at}
	n, names, units, seq, funcs := t.word(pclnNumFuncs), t.word(pclnNames), t.word(pclnUnits), t.word(pclnSeqTable), t.word(pclnFuncs)
	room := len(memory) - at
	if names < pclnHeader || units < names || seq < units || funcs < seq || funcs > room || n < 0 || n > (room-funcs)/8 {
		return nil, errorf("the function table's header is not as expected")
	}
	for i := range n {
		entry := memory[at+funcs+8*i:]
		record := at + funcs + int(binary.LittleEndian.Uint32(entry[4:]))
		if record > len(memory)-funcMinSize {
			return nil, errorf("a function's record lies beyond the data")
		}
		t.records = append(t.records, funcRecord{int(binary.LittleEndian.Uint32(entry)) - tableBase, record})
	}
	return t, t.findModule()
}

// Words of runtime.moduledata, which begins with the address of the table.
const (
	moduleSeqTable = 10
	moduleFuncs    = 13 // the list of functions and all behind it: a slice
	moduleBuckets  = 19
	moduleTypes    = 37
	moduleTypesEnd = 38
	moduleFuncData = 40
	moduleEnd      = 41
	moduleLinks    = 45 // and how many
	moduleWords    = 47
)

// findModule finds the program's moduledata by what its first words have to be.
func (t *pclntab) findModule() error {
	want := binary.LittleEndian.AppendUint64(nil, uint64(t.at))
	want = binary.LittleEndian.AppendUint64(want, uint64(t.at+t.word(pclnNames)))
	at := bytes.Index(t.memory, want)
	if at < 0 || len(t.memory)-at < 8*moduleWords {
		return errorf("the program's module data is not found")
	}
	word := func(i int) int { return int(binary.LittleEndian.Uint64(t.memory[at+8*i:])) }
	if word(moduleSeqTable) != t.at+t.word(pclnSeqTable) || word(moduleFuncs) != t.at+t.word(pclnFuncs) {
		return errorf("the program's module data is not as of Go 1.26")
	}
	t.module = at
	t.funcData, t.buckets = word(moduleFuncData), word(moduleBuckets)
	t.end = word(moduleEnd)
	t.types = span{word(moduleTypes), word(moduleTypesEnd)}
	t.typeLinks = span{word(moduleLinks), word(moduleLinks) + 4*word(moduleLinks+1)}
	for _, s := range []span{t.types, t.typeLinks} {
		if s.start < 0 || s.end < s.start || s.end > len(t.memory) {
			return errorf("the program's types lie beyond the data")
		}
	}
	if t.end < t.at || t.end > len(t.memory) || t.funcData < t.at || t.funcData > t.end || t.buckets < 0 || t.buckets > len(t.memory) {
		return errorf("the program's module data points beyond the data")
	}
	return nil
}

// word reads a word of the header.
func (t *pclntab) word(off int) int { return int(binary.LittleEndian.Uint64(t.memory[t.at+off:])) }

// names returns the names of the module's own functions by their numbers.
func (t *pclntab) names() (map[int]string, error) {
	table := t.memory[t.at+t.word(pclnNames) : t.at+t.word(pclnUnits)]
	names := make(map[int]string, len(t.records))
	for _, r := range t.records {
		off := binary.LittleEndian.Uint32(t.memory[r.at+funcName:])
		if int64(off) >= int64(len(table)) {
			return nil, errorf("a function's name lies beyond the table")
		}
		name, _, ok := bytes.Cut(table[off:], []byte{0})
		if !ok {
			return nil, errorf("a function's name has no end")
		}
		names[r.function] = string(name)
	}
	return names, nil
}
