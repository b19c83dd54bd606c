package slim

import (
	"encoding/binary"
	"slices"
)

// A record names sequences and function data by their offsets, which for a compressor
// are noise. Where a record names one that none before it did, foldOffsets writes
// isNext and by how much its offset is larger than that of the last such one: what is
// named lies in the order in which it is first named, so that this is a length.
const isNext = 1 << 31

// offsetFields calls field for all offsets of a record; data says of which of the two.
func (t *pclntab) offsetFields(r funcRecord, field func(at int, data bool)) error {
	numPCs, numData, err := t.counts(r)
	if err != nil {
		return err
	}
	field(r.at+funcDepth, false)
	for k := range numPCs + numData {
		field(r.at+funcPCData+4*k, k >= numPCs)
	}
	return nil
}

// foldOffsets puts function data in order and replaces offsets.
func (t *pclntab) foldOffsets() error {
	if err := t.orderData(); err != nil {
		return err
	}
	var last [2]uint32
	for _, r := range t.records {
		if err := t.offsetFields(r, func(at int, data bool) {
			before := &last[0]
			if data {
				before = &last[1]
			}
			v := binary.LittleEndian.Uint32(t.memory[at:])
			if v > *before && v < isNext {
				binary.LittleEndian.PutUint32(t.memory[at:], v-*before|isNext)
				*before = v
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// orderData moves function data to the order in which records name it first. A piece
// reaches to where the next one begins; the last, whose end is unknown, stays.
func (t *pclntab) orderData() error {
	var named []uint32
	for _, r := range t.records {
		named = append(named, t.data(r)...)
	}
	sorted := slices.Clone(named)
	slices.Sort(sorted)
	if sorted = slices.Compact(sorted); len(sorted) == 0 {
		return nil
	}
	end := sorted[len(sorted)-1]
	if int64(t.funcData)+int64(end) > int64(t.end) || end >= isNext/2 {
		return errorf("function data lies beyond its place")
	}
	area := t.memory[t.funcData : t.funcData+int(end)]
	out := make([]byte, sorted[0], len(area))
	copy(out, area)
	moved := map[uint32]uint32{end: end}
	for _, off := range named {
		if _, ok := moved[off]; ok {
			continue
		}
		i, _ := slices.BinarySearch(sorted, off)
		moved[off] = uint32(len(out))
		out = append(out, area[off:sorted[i+1]]...)
	}
	copy(area, out)
	for _, r := range t.records {
		if err := t.offsetFields(r, func(at int, data bool) {
			if off := binary.LittleEndian.Uint32(t.memory[at:]); data && off != noFuncData {
				binary.LittleEndian.PutUint32(t.memory[at:], moved[off])
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// unfoldOffsets writes instructions that undo what foldOffsets did with offsets, when
// the list says again where records are:
//
//	for entry := list; entry < last; entry += 8 {
//		record := list + entry[1]
//		restore(record[depth], &sequence)
//		for n := record[numPCs]; n > 0; n, record = n-1, record+4 { restore(record[pcData], &sequence) }
//		for n := (the number of data); n > 0; n, record = n-1, record+4 { restore(record[pcData], &data) }
//	}
//
// restore(v, last) is: if v>>30 == isNext>>30 { *last += v ^ isNext; v = *last }
func (w *assembler) unfoldOffsets(list, n int64, locals byte) {
	entry, record, count, sequence, data, numData := locals, locals+1, locals+2, locals+3, locals+4, locals+5
	restore := func(off, last byte) {
		w.load(record, off)
		w.i32(30)
		w.op(opI32ShrU)
		w.i32(isNext >> 30)
		w.op(opI32Eq, opIf, emptyBlock)
		w.get(record)
		w.get(last)
		w.load(record, off)
		w.i32(-isNext)
		w.op(opI32Xor, opI32Add, opLocalTee, last, opI32Store, 2, off, opEnd)
	}
	restoreAll := func(last byte) {
		w.get(count)
		w.op(opIf, emptyBlock)
		w.loop(func() {
			restore(funcPCData, last)
			w.set(record, func() { w.get(record); w.i32(4); w.op(opI32Add) })
			w.set(count, func() { w.get(count); w.i32(1); w.op(opI32Sub) })
		}, func() { w.get(count) })
		w.op(opEnd)
	}
	w.set(entry, func() { w.i32(list) })
	w.loop(func() {
		w.set(record, func() { w.load(entry, 4); w.i32(list); w.op(opI32Add) })
		restore(funcDepth, sequence)
		w.set(numData, func() { w.op(opLocalGet, record, opI32Load8U, 0, funcNumData) })
		w.set(count, func() { w.load(record, funcNumPCs) })
		restoreAll(sequence)
		w.set(count, func() { w.get(numData) })
		restoreAll(data)
		w.set(entry, func() { w.get(entry); w.i32(recordEntry); w.op(opI32Add) })
	}, func() { w.get(entry); w.i32(list + recordEntry*n); w.op(opI32LtU) })
}
