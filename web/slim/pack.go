package slim

import "encoding/binary"

// Packed, the table of functions consists of streams of numbers (LEB128), one for each
// field of a record. What was there before is named by its rank. Frames and arguments
// with their maps have ranks from 1 on, and 0 is a new one, whose fields are in further
// streams. Sequences and function data have ranks from 2 on; 0 is none and 1 a new one.
const (
	streamName    = iota // by how much the offset of the name is larger than before; the lowest bit is the sign
	streamFrame          // rank
	streamArgs           // rank
	streamSize           // of arguments
	streamDefer          // fields of a frame
	streamID             //
	streamFlag           // and the mark, 8 bits higher
	streamNumData        //
	streamDepth          // rank of a sequence
	streamIndex          // rank of a sequence
	streamData           // ranks of function data, a stream for each number

	streamMaps   = streamData + maxFuncData // how many maps function data 0 and 1 have
	streamBits   = streamMaps + 1           // and of how many bits
	streamLength = streamMaps + 2           // of other function data
	streamMap    = streamMaps + 3           // the maps' bytes
	streamOther  = streamMaps + 4           // bytes of other function data
	numStreams   = streamMaps + 5
)

// packer packs a table of functions. What it has packed before keeps its rank.
type packer struct {
	streams   [numStreams][]byte
	name      uint32 // the last one
	sequences []byte // the table of sequences, behind what it has by now
	ranks     ranks
	next      counts
}

// ranks are what has been packed, by what it is.
type ranks struct {
	frames          map[frame]int
	args            map[argsOf]int
	sequences, data map[string]int
}

type argsOf struct {
	size uint32
	maps string
}

// counts say where things will be written.
type counts struct {
	frames, args, sequences, data         int // ranks
	recordBytes, sequenceBytes, dataBytes int
}

func newPacker() *packer {
	return &packer{
		sequences: []byte{0},
		ranks:     ranks{map[frame]int{}, map[argsOf]int{}, map[string]int{}, map[string]int{}},
		next:      counts{sequenceBytes: 1},
	}
}

// following returns a packer for what is unpacked later.
func (p *packer) following() *packer { return &packer{ranks: p.ranks, next: p.next} }

func (p *packer) add(stream int, v uint32) {
	p.streams[stream] = appendUint(p.streams[stream], uint64(v))
}

// addName packs a function's name.
func (p *packer) addName(name uint32) {
	change := int32(name - p.name)
	p.add(streamName, uint32(change<<1^change>>31))
	p.name = name
}

// addFunction packs the rest of a record.
func (p *packer) addFunction(f function) {
	if rankOf(p.ranks.frames, f.frame, &p.next.frames, func(code int) { p.add(streamFrame, uint32(code)) }) {
		p.addFrame(f.frame)
	}
	if rankOf(p.ranks.args, argsOf{f.args, f.maps}, &p.next.args, func(code int) { p.add(streamArgs, uint32(code)) }) {
		p.add(streamSize, f.args)
		p.addData(0, f.maps)
	}
	p.next.recordBytes += packedRecord + 4*f.frame.numData()
}

// rankOf has 0 written if something is new, or its rank from 1 on.
func rankOf[K comparable](ranks map[K]int, key K, next *int, write func(code int)) (isNew bool) {
	rank, ok := ranks[key]
	if ok {
		write(rank + 1)
		return false
	}
	ranks[key] = *next
	*next++
	write(0)
	return true
}

func (p *packer) addFrame(f frame) {
	p.add(streamDefer, f.deferred)
	p.add(streamID, uint32(f.id))
	p.add(streamFlag, uint32(f.flag)|uint32(f.mark)<<8)
	p.add(streamNumData, uint32(f.numData()))
	p.addSequence(streamDepth, f.depth)
	p.addSequence(streamIndex, f.index)
	for k := 1; k < f.numData(); k++ {
		p.addData(k, f.data[k])
	}
}

func (p *packer) addSequence(stream int, sequence string) {
	if p.addPiece(stream, p.ranks.sequences, &p.next.sequences, sequence) {
		p.sequences = append(p.sequences, sequence...)
		p.next.sequenceBytes += len(sequence)
	}
}

func (p *packer) addData(number int, data string) {
	if !p.addPiece(streamData+number, p.ranks.data, &p.next.data, data) {
		return
	}
	p.next.dataBytes += (len(data) + 3) &^ 3
	if number > 1 {
		p.add(streamLength, uint32(len(data)))
		p.streams[streamOther] = append(p.streams[streamOther], data...)
		return
	}
	p.add(streamMaps, binary.LittleEndian.Uint32([]byte(data)))
	p.add(streamBits, binary.LittleEndian.Uint32([]byte(data[4:])))
	p.streams[streamMap] = append(p.streams[streamMap], data[8:]...)
}

// addPiece packs the rank of something that may be none.
func (p *packer) addPiece(stream int, ranks map[string]int, next *int, piece string) (isNew bool) {
	if piece == "" {
		p.add(stream, 0)
		return false
	}
	return rankOf(ranks, piece, next, func(code int) { p.add(stream, uint32(code+1)) })
}
