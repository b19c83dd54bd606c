package slim

import "encoding/binary"

// places says where packed and unpacked things are.
type places struct {
	unpacking
	streams int
	records int
	data    int
}

// place finds places: for what is unpacked where it was before, and for streams and
// ranks in free memory.
func (t *pclntab) place(free span, main, more *packer) (*places, error) {
	list := t.at + t.word(pclnFuncs)
	p := &places{unpacking: unpacking{
		list: int64(list), n: int64(len(t.records)), sequences: int64(t.at + t.word(pclnSeqTable)), funcData: int64(t.funcData),
	}}
	next := (free.start + 3) &^ 3
	take := func(n int) int { next += n; return next - n }
	p.state = int64(take(4 * (numWords + powerLimbs)))
	p.ranks = counts{
		args: take(8 * more.next.args), frames: take(4 * more.next.frames), sequences: take(4 * more.next.sequences), data: take(4 * more.next.data),
	}
	p.streams = next
	p.records = list + recordEntry*len(t.records) + 4 // behind the list's end
	p.data = max((p.records+more.next.recordBytes+3)&^3, t.funcData)
	switch {
	case p.streams+max(main.size(), more.size()) > free.end:
		return nil, errorf("there is not enough free memory for the packed table")
	case more.next.sequenceBytes > len(t.sequenceTable()):
		return nil, errorf("the sequences do not become shorter")
	case p.data+more.next.dataBytes > t.end:
		return nil, errorf("the records do not become shorter")
	}
	return p, nil
}

// size returns how long the streams are.
func (p *packer) size() int {
	n := 0
	for _, s := range p.streams {
		n += len(s)
	}
	return n
}

// write writes streams, and the state in which unpacking them begins.
func (p *places) write(memory []byte, packed *packer, before counts) *unpacking {
	state := memory[p.state:]
	set := func(word, v int) { binary.LittleEndian.PutUint32(state[4*word:], uint32(v)) }
	at := p.streams
	for i, s := range packed.streams {
		set(i, at)
		at += copy(memory[at:], s)
	}
	set(nextRecord, p.records+before.recordBytes)
	set(nextSequence, before.sequenceBytes)
	set(nextData, p.data+before.dataBytes)
	set(rankFrame, p.ranks.frames+4*before.frames)
	set(rankArgs, p.ranks.args+8*before.args)
	set(rankSequence, p.ranks.sequences+4*before.sequences)
	set(rankData, p.ranks.data+4*before.data)
	u := p.unpacking
	return &u
}
