package slim

import (
	"bytes"
	"encoding/binary"
)

// The table of functions that the runtime keeps (runtime/symtab.go and
// internal/abi/symtab.go of Go 1.20 to 1.26): a header of eight words behind a
// magic number, and for each function a record that names, among others, three
// sequences in a shared table of bytes: stack depths, files and lines.
const (
	pclnMagic    = "\xf1\xff\xff\xff\x00\x00\x01\x08" // Go 1.20, instructions of 1 byte, words of 8
	pclnNumFuncs = 8
	pclnSeqTable = 8 + 6*8
	pclnFuncs    = 8 + 7*8
	pclnHeader   = 8 + 8*8

	funcDepth   = 16 // offset of the record's stack depths
	funcFile    = 20
	funcLine    = 24
	funcNumPCs  = 28
	funcPCData  = 44 // further sequences, which the runtime needs
	maxPCData   = 16
	funcMinSize = funcPCData
)

// clearLines makes every function of a program say that it has no files and
// lines, and zeroes the sequences that nothing else uses. The runtime prints "?"
// and no line for such a function, as it does for code without a table.
func clearLines(memory []byte) error {
	at := bytes.Index(memory, []byte(pclnMagic))
	if at < 0 || len(memory)-at < pclnHeader {
		return errorf("there is no function table as of Go 1.20 to 1.26")
	}
	word := func(off int) int { return int(binary.LittleEndian.Uint64(memory[at+off:])) }
	n, seq, funcs := word(pclnNumFuncs), word(pclnSeqTable), word(pclnFuncs)
	room := len(memory) - at
	if seq < pclnHeader || funcs < seq || funcs > room || n < 0 || n > (room-funcs)/8 {
		return errorf("the function table's header is not as expected")
	}
	t := lineTable{memory: memory, sequences: memory[at+seq : at+funcs], needed: make([]bool, funcs-seq), lines: make([]bool, funcs-seq)}
	for i := range n {
		record := at + funcs + int(binary.LittleEndian.Uint32(memory[at+funcs+8*i+4:]))
		if err := t.function(record); err != nil {
			return err
		}
	}
	for i := range t.sequences {
		if t.lines[i] && !t.needed[i] {
			t.sequences[i] = 0
		}
	}
	return nil
}

type lineTable struct {
	memory        []byte
	sequences     []byte
	needed, lines []bool // for each byte of sequences
}

// function marks what one function uses and takes its files and lines away.
func (t *lineTable) function(at int) error {
	if at > len(t.memory)-funcMinSize {
		return errorf("a function's record lies beyond the data")
	}
	record := t.memory[at:]
	numPCs := int(binary.LittleEndian.Uint32(record[funcNumPCs:]))
	if numPCs > maxPCData || len(record) < funcPCData+4*numPCs {
		return errorf("a function's record is not as expected")
	}
	keep := []int{funcDepth}
	for k := range numPCs {
		keep = append(keep, funcPCData+4*k)
	}
	for _, off := range keep {
		if err := t.mark(binary.LittleEndian.Uint32(record[off:]), t.needed); err != nil {
			return err
		}
	}
	for _, off := range []int{funcFile, funcLine} {
		if err := t.mark(binary.LittleEndian.Uint32(record[off:]), t.lines); err != nil {
			return err
		}
		clear(record[off : off+4])
	}
	return nil
}

// mark marks the bytes of a sequence: pairs of numbers, ended by a first number
// of 0 in any pair but the first.
func (t *lineTable) mark(off uint32, marks []bool) error {
	if off == 0 {
		return nil // the function has no such sequence
	}
	if int(off) >= len(t.sequences) {
		return errorf("a sequence lies beyond its table")
	}
	r := reader{t.sequences, int(off)}
	for first := true; ; first = false {
		if r.uint() == 0 && !first {
			break
		}
		if r.at >= len(t.sequences) {
			return errorf("a sequence has no end")
		}
		r.uint()
	}
	for i := int(off); i < r.at; i++ {
		marks[i] = true
	}
	return nil
}
