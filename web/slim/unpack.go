package slim

// packedRecord is a record without function data, as unpacking writes it: with room for
// the sequences up to the one that clearLines leaves.
const packedRecord = funcPCData + 4*(mapIndex+1)

// Words of the state of unpacking behind those that say where its streams go on: where
// the next thing is written, and the next of each table of what ranks mean.
const (
	nextRecord   = numStreams + iota // address
	nextSequence                     // offset
	nextData                         // address
	rankFrame                        // addresses: of an address of a record
	rankArgs                         // of the size, and of the offset of the maps
	rankSequence                     // of an offset
	rankData                         // of an offset
	numWords
)

// unpacking writes the functions of WebAssembly that unpack a table of functions.
type unpacking struct {
	list      int64  // address of the list of functions, from which records count
	n         int64  // how many
	sequences int64  // address
	funcData  int64  // address
	state     int64  // address of the state's words
	ranks     counts // addresses of the tables of what ranks mean
	first     int    // index of the first of the functions
}

// Indices of the functions, from the first.
const (
	readNumber   = iota // of the address of a stream's word: its next number
	readSequence        // of the same: the offset of a sequence
	readPiece           // the same of function data
	unpackAll           // the start function
	numUnpacking
)

func (u *unpacking) word(k int) int64 { return u.state + 4*int64(k) }

// read puts the next number of a stream on the stack.
func (u *unpacking) read(w *assembler, function, stream int) {
	w.i32(u.word(stream))
	w.call(u.first + function)
}

// number is: for { b := *p++; v |= b & 127 << shift; shift += 7; if b < 128 { return v } }
func (u *unpacking) number() []byte {
	const stream, p, v, shift, b = 0, 1, 2, 3, 4
	w := newAssembler(4)
	w.set(p, func() { w.load(stream, 0) })
	w.loop(func() {
		w.set(b, func() { w.op(opLocalGet, p, opI32Load8U, 0, 0) })
		w.set(v, func() {
			w.get(v)
			w.get(b)
			w.i32(127)
			w.op(opI32And)
			w.get(shift)
			w.op(opI32Shl, opI32Or)
		})
		w.add(shift, 7)
		w.add(p, 1)
	}, func() { w.get(b); w.i32(127); w.op(opI32GtU) })
	w.store(stream, 0, func() { w.get(p) })
	w.get(v)
	return w.end()
}

// sequence notes where a new one begins and goes to its end.
func (u *unpacking) sequence() []byte {
	const stream, v, p = 0, 1, 2
	w := newAssembler(2)
	u.ranked(w, v, 0, u.ranks.sequences)
	u.note(w, rankSequence, func() { w.loadAt(u.word(nextSequence)) })
	w.set(p, func() { w.loadAt(u.word(nextSequence)); w.i32(u.sequences); w.op(opI32Add) })
	skip := func() {
		w.loop(func() { w.add(p, 1) }, func() { w.op(opLocalGet, p); w.i32(1); w.op(opI32Sub, opI32Load8U, 0, 0); w.i32(127); w.op(opI32GtU) })
	}
	w.loop(func() { skip(); skip() }, func() { w.op(opLocalGet, p, opI32Load8U, 0, 0) })
	w.storeAt(u.word(nextSequence), func() { w.get(p); w.i32(u.sequences - 1); w.op(opI32Sub) })
	u.noted(w, rankSequence)
	return w.end()
}

// ranked reads a rank to local v, and returns what it is if that is not new.
func (u *unpacking) ranked(w *assembler, v byte, none int64, table int) {
	w.set(v, func() { w.get(0); w.call(u.first + readNumber) })
	w.get(v)
	w.op(opI32Eqz)
	w.when(func() { w.i32(none); w.op(opReturn) })
	w.get(v)
	w.i32(1)
	w.op(opI32GtU)
	w.when(func() {
		w.get(v)
		w.i32(2)
		w.op(opI32Shl)
		w.i32(int64(table) - 8)
		w.op(opI32Add, opI32Load, 2, 0, opReturn)
	})
}

// note writes what the next rank means; noted puts it on the stack.
func (u *unpacking) note(w *assembler, rank int, value func()) {
	w.loadAt(u.word(rank))
	value()
	w.op(opI32Store, 2, 0)
	w.addAt(u.word(rank), func() { w.i32(4) })
}

func (u *unpacking) noted(w *assembler, rank int) {
	w.loadAt(u.word(rank))
	w.i32(4)
	w.op(opI32Sub, opI32Load, 2, 0)
}

// data writes function data that is new.
func (u *unpacking) data() []byte {
	const stream, v, at, n, from = 0, 1, 2, 3, 4
	w := newAssembler(4)
	u.ranked(w, v, -1, u.ranks.data)
	w.set(at, func() { w.loadAt(u.word(nextData)) })
	u.note(w, rankData, func() { w.get(at); w.i32(u.funcData); w.op(opI32Sub) })
	w.get(stream)
	w.i32(u.word(streamData + dataObjects))
	w.op(opI32LtU)
	w.op(opIf, emptyBlock)
	w.store(at, 0, func() { w.set(n, func() { u.read(w, readNumber, streamMaps) }); w.get(n) })
	w.store(at, 4, func() { w.set(v, func() { u.read(w, readNumber, streamBits) }); w.get(v) })
	w.add(at, 8)
	w.set(n, func() {
		w.get(n)
		w.get(v)
		w.i32(7)
		w.op(opI32Add)
		w.i32(3)
		w.op(opI32ShrU, opI32Mul)
	})
	w.set(from, func() { w.i32(u.word(streamMap)) })
	w.op(opElse)
	w.set(n, func() { u.read(w, readNumber, streamLength) })
	w.set(from, func() { w.i32(u.word(streamOther)) })
	w.op(opEnd)
	w.get(at)
	w.load(from, 0)
	w.get(n)
	w.op(opPrefix, opMemoryCopy, 0, 0)
	w.store(from, 0, func() { w.load(from, 0); w.get(n); w.op(opI32Add) })
	w.storeAt(u.word(nextData), func() {
		w.get(at)
		w.get(n)
		w.op(opI32Add)
		w.i32(3)
		w.op(opI32Add)
		w.i32(-4)
		w.op(opI32And)
	})
	u.noted(w, rankData)
	return w.end()
}

// Locals of the start function.
const (
	inList = iota // entry of the list
	record        // the next one
	rank          //
	count         // of function data
	from          //
	at            //
	number        // of the function, and of its last name
	name
	wide // of 64 bits, and two more
)

// whole is the start function of a program:
//
//	for ; entry < last; entry += 8 { write the entry, the record's head and the rest }
//
// and then the index of program counters, in which each function has 16 buckets, and the
// powers of ten.
func (u *unpacking) whole(buckets int64, table powers) []byte {
	w := &assembler{2, wide, typeI32, 3, typeI64}
	w.set(number, func() { w.i32(tableBase) })
	u.eachEntry(w, func() {
		w.store(inList, 0, func() { w.get(number) })
		w.store(record, 0, func() { w.get(number) })
		w.add(number, 1)
		u.enter(w)
		w.set(rank, func() { u.read(w, readNumber, streamName) })
		w.set(name, func() {
			w.get(name)
			w.get(rank)
			w.i32(1)
			w.op(opI32ShrU)
			w.i32(0)
			w.get(rank)
			w.i32(1)
			w.op(opI32And, opI32Sub, opI32Xor, opI32Add)
		})
		w.store(record, 4, func() { w.get(name) })
		u.rest(w)
	})
	w.set(at, func() { w.i32(buckets) })
	w.set(count, func() { w.i32(0) })
	w.loop(func() {
		w.store(at, 0, func() { w.load(at, 0); w.get(count); w.i32(4); w.op(opI32ShrU, opI32Add) })
		w.add(at, bucketSize)
		w.add(count, 1)
	}, func() { w.get(count); w.i32(bucketsPerFunc * u.n); w.op(opI32LtU) })
	table.write(w, u.word(numWords), at, from, wide, wide+1, wide+2)
	return w.end()
}

// others is the start function of a second module: functions with a mark get another
// record, which has the same head.
func (u *unpacking) others() []byte {
	w := newAssembler(8)
	u.eachEntry(w, func() {
		w.set(from, func() { w.load(inList, 4); w.i32(u.list); w.op(opI32Add) })
		w.op(opLocalGet, from, opI32Load8U, 0, funcMark)
		w.when(func() {
			w.store(record, 0, func() { w.load(from, 0) })
			w.store(record, 4, func() { w.load(from, 4) })
			u.enter(w)
			u.rest(w)
		})
	})
	return w.end()
}

func (u *unpacking) eachEntry(w *assembler, body func()) {
	w.set(inList, func() { w.i32(u.list) })
	w.set(record, func() { w.loadAt(u.word(nextRecord)) })
	w.loop(func() { body(); w.add(inList, recordEntry) }, func() { w.get(inList); w.i32(u.list + recordEntry*u.n); w.op(opI32LtU) })
}

// enter has the list's entry lead to the record.
func (u *unpacking) enter(w *assembler) {
	w.store(inList, 4, func() { w.get(record); w.i32(u.list); w.op(opI32Sub) })
}

// rest writes a record behind its head.
func (u *unpacking) rest(w *assembler) {
	w.set(rank, func() { u.read(w, readNumber, streamFrame) })
	w.get(rank)
	w.op(opIf, emptyBlock)
	w.set(from, func() {
		w.get(rank)
		w.i32(2)
		w.op(opI32Shl)
		w.i32(int64(u.ranks.frames) - 4)
		w.op(opI32Add, opI32Load, 2, 0)
	})
	w.get(record)
	w.i32(funcDeferred)
	w.op(opI32Add)
	w.get(from)
	w.i32(funcDeferred)
	w.op(opI32Add, opLocalGet, from, opI32Load8U, 0, funcNumData)
	w.i32(2)
	w.op(opI32Shl)
	w.i32(packedRecord - funcDeferred)
	w.op(opI32Add, opPrefix, opMemoryCopy, 0, 0)
	w.op(opElse)
	u.frame(w)
	w.op(opEnd)
	w.set(rank, func() { u.read(w, readNumber, streamArgs) })
	w.set(from, func() { w.get(rank); w.i32(3); w.op(opI32Shl); w.i32(int64(u.ranks.args) - 8); w.op(opI32Add) })
	w.get(rank)
	w.op(opI32Eqz)
	w.when(func() {
		w.set(from, func() { w.loadAt(u.word(rankArgs)) })
		w.store(from, 0, func() { u.read(w, readNumber, streamSize) })
		w.store(from, 4, func() { u.read(w, readPiece, streamData) })
		w.addAt(u.word(rankArgs), func() { w.i32(8) })
	})
	w.store(record, funcArgs, func() { w.load(from, 0) })
	w.store(record, packedRecord, func() { w.load(from, 4) })
	w.set(record, func() {
		w.op(opLocalGet, record, opI32Load8U, 0, funcNumData)
		w.i32(2)
		w.op(opI32Shl)
		w.get(record)
		w.op(opI32Add)
		w.i32(packedRecord)
		w.op(opI32Add)
	})
}

// frame writes the fields of a new frame.
func (u *unpacking) frame(w *assembler) {
	u.note(w, rankFrame, func() { w.get(record) })
	w.store(record, funcDeferred, func() { u.read(w, readNumber, streamDefer) })
	w.store(record, funcDepth, func() { u.read(w, readSequence, streamDepth) })
	w.store(record, funcNumPCs, func() { w.i32(mapIndex + 1) })
	w.store(record, funcID, func() {
		u.read(w, readNumber, streamID)
		u.read(w, readNumber, streamFlag)
		w.i32(8)
		w.op(opI32Shl, opI32Or)
		w.set(count, func() { u.read(w, readNumber, streamNumData) })
		w.get(count)
		w.i32(24)
		w.op(opI32Shl, opI32Or)
	})
	w.store(record, funcPCData+4*mapIndex, func() { u.read(w, readSequence, streamIndex) })
	w.set(at, func() { w.get(record) })
	w.set(from, func() { w.i32(u.word(streamData + 1)) })
	w.get(count)
	w.i32(1)
	w.op(opI32GtU)
	w.when(func() {
		w.loop(func() {
			w.store(at, packedRecord+4, func() { w.get(from); w.call(u.first + readPiece) })
			w.add(at, 4)
			w.add(from, 4)
			w.add(count, -1)
		}, func() { w.get(count); w.i32(1); w.op(opI32GtU) })
	})
}
