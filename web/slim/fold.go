package slim

import "encoding/binary"

// startSection names the function that runs when a module is instantiated.
const startSection = 8

const (
	bucketsPerFunc = 16 // one for each 4096 of a function's 65536 program counters
	bucketSize     = 20
	recordEntry    = 8 // size of an entry of the list that says where each function's record is
)

// Fold packs a module's table of functions, and adds functions that unpack it when the
// module is instantiated, before Go starts. It is the last step: [Cut] and [Module]
// read the table as the linker has written it.
func Fold(module []byte) ([]byte, error) {
	parts, err := Parts{Main: module}.Fold()
	return parts.Main, err
}

// Fold is [Fold] of both modules. What the table says of frames of functions that were
// taken out is in More. Before that is there, such a function has no frame but one that
// is about to begin, of a new goroutine, and of this Main knows what the runtime asks.
func (p Parts) Fold() (Parts, error) {
	m, err := decode(p.Main)
	if err != nil {
		return p, err
	}
	image, err := readData(m.section(dataSection))
	if err != nil {
		return p, err
	}
	table, err := findTable(image.bytes)
	if err != nil {
		return p, err
	}
	f, err := table.fold(p.cold)
	if err != nil {
		return p, err
	}
	f.main.first = m.imports + len(m.bodies)
	start := f.main.whole(int64(table.buckets), f.powers)
	if p.Main, err = f.main.addTo(p.Main, start, image.encode()); err != nil || p.More == nil {
		return p, err
	}
	f.more.first = p.functions
	p.More, err = f.more.addTo(p.More, f.more.others(), f.data)
	return p, err
}

// addTo adds the functions that unpack to a module, and gives it data.
func (u *unpacking) addTo(module, start, data []byte) ([]byte, error) {
	sections, err := split(module)
	if err != nil {
		return nil, err
	}
	var bodies [][]byte
	for _, body := range [][]byte{u.number(), u.sequence(), u.data(), start} {
		bodies = append(bodies, append(appendUint(nil, uint64(len(body))), body...))
	}
	var out []section
	startType := 0
	for _, s := range sections {
		switch s.id {
		case typeSection:
			r := reader{s.body, 0}
			startType = r.count()
			s.body = appendEntries(s.body, []byte{0x60, 0, 0})
		case functionSection:
			s.body = appendEntries(s.body, []byte{goType}, []byte{goType}, []byte{goType}, appendUint(nil, uint64(startType)))
		case elementSection:
			out = append(out, section{startSection, appendUint(nil, uint64(u.first+unpackAll))})
		case codeSection:
			s.body = appendEntries(s.body, bodies...)
		case dataSection:
			continue
		}
		out = append(out, s)
	}
	return join(append(out, section{dataSection, data})), nil
}

// folded is a packed table of functions.
type folded struct {
	main, more *unpacking
	data       []byte // the second module's data section
	powers     powers
}

// fold packs the table, what belongs to cold functions apart.
func (t *pclntab) fold(cold []bool) (*folded, error) {
	free, err := t.shortenNames()
	if err != nil {
		return nil, err
	}
	main, more, err := t.pack(cold)
	if err != nil {
		return nil, err
	}
	places, err := t.place(free, main, more)
	if err != nil {
		return nil, err
	}
	if err := t.foldBuckets(); err != nil {
		return nil, err
	}
	table := t.sequenceTable()
	clear(table[copy(table, main.sequences):])
	list := t.at + t.word(pclnFuncs)
	clear(t.memory[list : list+recordEntry*len(t.records)])
	clear(t.memory[places.records:t.end])
	clear(t.memory[free.start:free.end])
	for _, size := range []int{1, 2} { // records may reach to where only function data was
		binary.LittleEndian.PutUint64(t.memory[t.module+8*(moduleFuncs+size):], uint64(t.end-list))
	}
	f := &folded{main: places.write(t.memory, main, newPacker().next), powers: t.dropPowers()}
	copy(t.memory[int(places.state)+4*numWords:], f.powers.first)

	second := image{make([]byte, len(t.memory))}
	f.more = places.write(second.bytes, more, main.next)
	sequences := int(places.sequences) + main.next.sequenceBytes
	f.data = second.encodeSpans([]span{
		{int(places.state), int(places.state) + 4*numWords},
		{places.streams, places.streams + more.size()},
		{sequences, sequences + copy(second.bytes[sequences:], more.sequences)},
	})
	return f, nil
}

// foldBuckets leaves of the index of program counters what is not the function's number.
func (t *pclntab) foldBuckets() error {
	n := len(t.records)
	if n == 0 || t.buckets+n*bucketsPerFunc*bucketSize > len(t.memory) {
		return errorf("the index of program counters lies beyond the data")
	}
	for i := range n * bucketsPerFunc {
		bucket := t.memory[t.buckets+i*bucketSize:]
		binary.LittleEndian.PutUint32(bucket, binary.LittleEndian.Uint32(bucket)-uint32(i/bucketsPerFunc))
	}
	return nil
}

// pack packs what main says of functions, and what more does.
func (t *pclntab) pack(cold []bool) (main, more *packer, err error) {
	main = newPacker()
	var later []function
	for i, r := range t.records {
		f, err := t.function(r)
		if err != nil {
			return nil, nil, err
		}
		if f.frame.mark != 0 || r.function != i || int(binary.LittleEndian.Uint32(t.memory[r.at:])) != tableBase+i {
			return nil, nil, errorf("the function table is not as Module leaves it")
		}
		main.addName(f.name)
		if i < len(cold) && cold[i] {
			later = append(later, f)
			f = f.standIn()
		}
		main.addFunction(f)
	}
	more = main.following()
	for _, f := range later {
		more.addFunction(f)
	}
	return main, more, nil
}

// standIn is what is said of a function before it is there: its name, what kind of
// function it is, and that when it begins its frame is empty.
func (f function) standIn() function {
	empty := string(appendSequence(nil, sequence{0}))
	return function{name: f.name, frame: frame{id: f.frame.id, flag: f.frame.flag, mark: 1, depth: empty}}
}
