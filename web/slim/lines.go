package slim

import (
	"encoding/binary"
	"slices"
)

// A function's record names sequences in a shared table of bytes: stack depths,
// files, lines, and others by number. Behind them it names function data. Offsets
// are those of runtime._func, numbers those of internal/abi.
const (
	funcDepth     = 16 // stack depths
	funcFile      = 20
	funcLine      = 24
	funcNumPCs    = 28
	funcUnit      = 32 // where the files of its compilation unit begin
	funcStartLine = 36
	funcNumData   = 43
	funcPCData    = 44 // further sequences
	maxPCData     = 16
	funcMinSize   = funcPCData

	noFuncData = 1<<32 - 1
)

// What only a stack trace with inlined calls and arguments, or stopping a
// goroutine in the middle of its code, needs. In a browser there is neither.
var (
	droppedPCData   = []int{0, 2, 3} // unsafe points, index of inlined calls, live arguments
	droppedFuncData = []int{3, 5, 6} // inlined calls, arguments, live arguments
)

// clearLines makes every function of a program say that it has no files and
// lines, inlined calls and arguments, and zeroes what nothing else uses. The runtime
// prints "?" and no line for such a function, as it does for code without a table.
func (t *pclntab) clearLines() error {
	dropped, err := t.dropFromRecords()
	if err != nil {
		return err
	}
	if err := t.clearUnused(dropped); err != nil {
		return err
	}
	clear(t.memory[t.at+t.word(pclnUnits) : t.at+t.word(pclnSeqTable)])
	return nil
}

// drops are what no record names any more.
type drops struct {
	sequences []uint32 // offsets
	data      []uint32 // offsets
}

// dropFromRecords takes out of each record what is not needed.
func (t *pclntab) dropFromRecords() (drops, error) {
	var d drops
	for _, r := range t.records {
		numPCs, numData, err := t.counts(r)
		if err != nil {
			return d, err
		}
		record := t.memory[r.at:]
		unused := []int{funcFile, funcLine}
		for _, k := range droppedPCData {
			if k < numPCs {
				unused = append(unused, funcPCData+4*k)
			}
		}
		for _, off := range unused {
			d.sequences = append(d.sequences, binary.LittleEndian.Uint32(record[off:]))
			clear(record[off : off+4])
		}
		for _, k := range droppedFuncData {
			if k < numData {
				at := record[funcPCData+4*numPCs+4*k:]
				d.data = append(d.data, binary.LittleEndian.Uint32(at))
				binary.LittleEndian.PutUint32(at, noFuncData)
			}
		}
		clear(record[funcUnit : funcStartLine+4])
	}
	return d, nil
}

// counts returns how many sequences by number and how much data a function has.
func (t *pclntab) counts(r funcRecord) (numPCs, numData int, err error) {
	record := t.memory[r.at:]
	numPCs, numData = int(binary.LittleEndian.Uint32(record[funcNumPCs:])), int(record[funcNumData])
	if numPCs > maxPCData || len(record) < funcPCData+4*numPCs+4*numData {
		return 0, 0, errorf("a function's record is not as expected")
	}
	return numPCs, numData, nil
}

// clearUnused zeroes sequences and function data that were dropped and that no
// record names.
func (t *pclntab) clearUnused(d drops) error {
	needed, unused := t.marks(), t.marks()
	var data []uint32
	for _, r := range t.records {
		for _, off := range t.sequences(r) {
			if err := t.mark(off, needed); err != nil {
				return err
			}
		}
		data = append(data, t.data(r)...)
	}
	for _, off := range d.sequences {
		if err := t.mark(off, unused); err != nil {
			return err
		}
	}
	table := t.sequenceTable()
	for i := range table {
		if unused[i] && !needed[i] {
			table[i] = 0
		}
	}
	return t.clearData(d.data, data)
}

// clearData zeroes function data that is not needed. A piece reaches to where the
// next one begins; the last, whose end is unknown, stays.
func (t *pclntab) clearData(unused, needed []uint32) error {
	all := append(slices.Clone(unused), needed...)
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(off uint32) bool { return off == noFuncData })
	slices.Sort(needed)
	for i, off := range all[:max(len(all)-1, 0)] {
		if int64(t.funcData)+int64(all[i+1]) > int64(t.end) {
			return errorf("function data lies beyond its place")
		}
		if _, is := slices.BinarySearch(needed, off); !is {
			clear(t.memory[t.funcData+int(off) : t.funcData+int(all[i+1])])
		}
	}
	return nil
}

// sequenceTable returns the bytes of all sequences.
func (t *pclntab) sequenceTable() []byte {
	return t.memory[t.at+t.word(pclnSeqTable) : t.at+t.word(pclnFuncs)]
}

// marks returns a mark for each byte of the sequences.
func (t *pclntab) marks() []bool { return make([]bool, len(t.sequenceTable())) }

// sequences returns the offsets of a function's sequences, without files and lines.
func (t *pclntab) sequences(r funcRecord) []uint32 {
	record := t.memory[r.at:]
	offsets := []uint32{binary.LittleEndian.Uint32(record[funcDepth:])}
	for k := range binary.LittleEndian.Uint32(record[funcNumPCs:]) {
		offsets = append(offsets, binary.LittleEndian.Uint32(record[funcPCData+4*k:]))
	}
	return offsets
}

// data returns the offsets of a function's data.
func (t *pclntab) data(r funcRecord) []uint32 {
	record := t.memory[r.at:]
	first := funcPCData + 4*int(binary.LittleEndian.Uint32(record[funcNumPCs:]))
	var offsets []uint32
	for k := range int(record[funcNumData]) {
		if off := binary.LittleEndian.Uint32(record[first+4*k:]); off != noFuncData {
			offsets = append(offsets, off)
		}
	}
	return offsets
}

// mark marks the bytes of a sequence.
func (t *pclntab) mark(off uint32, marks []bool) error {
	end, err := t.sequenceEnd(off)
	if err != nil {
		return err
	}
	for i := int(off); i < end; i++ {
		marks[i] = true
	}
	return nil
}

// sequenceEnd returns the offset behind a sequence: pairs of numbers, ended by a first
// number of 0 in any pair but the first.
func (t *pclntab) sequenceEnd(off uint32) (int, error) {
	if off == 0 {
		return 0, nil // the function has no such sequence
	}
	table := t.sequenceTable()
	if int64(off) >= int64(len(table)) {
		return 0, errorf("a sequence lies beyond its table")
	}
	r := reader{table, int(off)}
	for first := true; ; first = false {
		if r.uint() == 0 && !first {
			return r.at, nil
		}
		if r.at >= len(table) {
			return 0, errorf("a sequence has no end")
		}
		r.uint()
	}
}
