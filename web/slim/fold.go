package slim

import "encoding/binary"

// startSection names the function that runs when a module is instantiated.
const startSection = 8

const (
	bucketsPerFunc = 16 // one for each 4096 of a function's 65536 program counters
	bucketSize     = 20
	recordEntry    = 8 // size of an entry of the list that says where each function's record is
)

// Fold writes numbers of the table of functions that grow from one function to the
// next (program counters, names, places of records, offsets) as differences, which compress
// far better, and adds a function that adds them up again when the module is
// instantiated, before Go starts. It is the last step: [Cut] and [Module] read the
// table as the linker has written it.
func Fold(module []byte) ([]byte, error) {
	m, err := decode(module)
	if err != nil {
		return nil, err
	}
	image, err := readData(m.section(dataSection))
	if err != nil {
		return nil, err
	}
	table, err := findTable(image.bytes)
	if err != nil {
		return nil, err
	}
	if err := table.shortenNames(); err != nil {
		return nil, err
	}
	if err := table.fold(); err != nil {
		return nil, err
	}
	var out []section
	for _, s := range m.sections {
		switch s.id {
		case typeSection:
			s.body = appendEntries(s.body, []byte{0x60, 0, 0})
		case functionSection:
			s.body = appendEntries(s.body, appendUint(nil, uint64(m.typeCount)))
		case elementSection:
			out = append(out, section{startSection, appendUint(nil, uint64(m.imports+len(m.bodies)))})
		case codeSection:
			s.body = encodeBodies(append(m.bodies, table.unfold()))
		case dataSection:
			s.body = image.encode()
		}
		out = append(out, s)
	}
	return join(out), nil
}

// fold replaces numbers by differences, from the last function to the first.
func (t *pclntab) fold() error {
	list := t.at + t.word(pclnFuncs)
	if n := len(t.records); n == 0 || t.buckets+n*bucketsPerFunc*bucketSize > len(t.memory) {
		return errorf("the index of program counters lies beyond the data")
	}
	if err := t.foldOffsets(); err != nil {
		return err
	}
	subtract := func(at, from int) {
		v := binary.LittleEndian.Uint32(t.memory[at:])
		binary.LittleEndian.PutUint32(t.memory[at:], v-binary.LittleEndian.Uint32(t.memory[from:]))
	}
	for i := len(t.records) - 1; i > 0; i-- {
		for _, off := range []int{0, 4} {
			subtract(t.records[i].at+off, t.records[i-1].at+off)
			subtract(list+recordEntry*i+off, list+recordEntry*(i-1)+off)
		}
	}
	for i := range len(t.records) * bucketsPerFunc {
		bucket := t.memory[t.buckets+i*bucketSize:]
		binary.LittleEndian.PutUint32(bucket, binary.LittleEndian.Uint32(bucket)-uint32(i/bucketsPerFunc))
	}
	return nil
}

// unfold writes the function that undoes fold:
//
//	entry, record := list, records + list[0].record
//	for ; entry < last; entry += 8 {
//		entry[1] += entry[0]
//		next := records + entry[1].record
//		next[0:8] += record[0:8]
//		record = next
//	}
//	for i, bucket := 0, buckets; i < 16*n; i, bucket = i+1, bucket+20 { bucket[0] += i >> 4 }
//
// and then what unfoldOffsets says.
func (t *pclntab) unfold() []byte {
	const entry, record, next, i, bucket = 0, 1, 2, 3, 4
	list := int64(t.at + t.word(pclnFuncs))
	n := int64(len(t.records))
	w := assembler{1, 11, typeI32}
	w.set(entry, func() { w.i32(list) })
	w.set(record, func() { w.load(entry, 4); w.i32(list); w.op(opI32Add) })
	if n > 1 {
		w.loop(func() {
			w.addTo(entry, recordEntry, entry, 0)
			w.addTo(entry, recordEntry+4, entry, 4)
			w.set(next, func() { w.load(entry, recordEntry+4); w.i32(list); w.op(opI32Add) })
			w.addTo(next, 0, record, 0)
			w.addTo(next, 4, record, 4)
			w.set(record, func() { w.get(next) })
			w.set(entry, func() { w.get(entry); w.i32(recordEntry); w.op(opI32Add) })
		}, func() { w.get(entry); w.i32(list + recordEntry*(n-1)); w.op(opI32LtU) })
	}
	w.set(bucket, func() { w.i32(int64(t.buckets)) })
	w.loop(func() {
		w.get(bucket)
		w.load(bucket, 0)
		w.get(i)
		w.i32(4)
		w.op(opI32ShrU, opI32Add, opI32Store, 2, 0)
		w.set(bucket, func() { w.get(bucket); w.i32(bucketSize); w.op(opI32Add) })
		w.set(i, func() { w.get(i); w.i32(1); w.op(opI32Add) })
	}, func() { w.get(i); w.i32(bucketsPerFunc * n); w.op(opI32LtU) })
	if n > 0 {
		w.unfoldOffsets(list, n, bucket+1)
	}
	return append(w, opEnd)
}

// assembler is a function's body in the making. Locals are 32-bit integers.
type assembler []byte

func (w *assembler) op(bytes ...byte) { *w = append(*w, bytes...) }
func (w *assembler) i32(v int64)      { *w = appendInt(append(*w, opI32Const), v) }
func (w *assembler) get(local byte)   { w.op(opLocalGet, local) }
func (w *assembler) load(p, off byte) { w.op(opLocalGet, p, opI32Load, 2, off) }
func (w *assembler) set(local byte, value func()) {
	value()
	w.op(opLocalSet, local)
}

// addTo adds the number at q+from to the one at p+off.
func (w *assembler) addTo(p, off, q, from byte) {
	w.get(p)
	w.load(p, off)
	w.load(q, from)
	w.op(opI32Add, opI32Store, 2, off)
}

// loop repeats body while condition holds, at least once.
func (w *assembler) loop(body, condition func()) {
	w.op(opLoop, emptyBlock)
	body()
	condition()
	w.op(opBrIf, 0, opEnd)
}
