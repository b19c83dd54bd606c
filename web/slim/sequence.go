package slim

import (
	"encoding/binary"
	"fmt"
)

// sequence is a number for each place of a function; the last holds for all behind it.
type sequence []int64

// at returns the number at a place.
func (s sequence) at(place int64) int64 {
	if len(s) == 0 {
		return -1
	}
	return s[max(0, min(place, int64(len(s)-1)))]
}

func (s sequence) key(place int64) string { return fmt.Sprint(" ", s.at(place)) }

// frames is what the runtime knows of a function's stack frames.
type frames struct {
	depth sequence   // their size, by the place to which a call comes back
	data  []sequence // stack maps and more, by the place before that; nil if there is none
}

// key tells apart calls of which different things are known.
func (k *frames) key(place int64) string {
	key := k.depth.key(place)
	for _, s := range k.data {
		key += s.key(place - 1)
	}
	return key
}

// frames reads what the table knows of a function.
func (t *pclntab) frames(r funcRecord) (*frames, error) {
	offsets := t.sequences(r)
	k := &frames{}
	for i, off := range offsets {
		s, err := t.readSequence(off)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			k.depth = s
		} else {
			k.data = append(k.data, s)
		}
	}
	return k, nil
}

const (
	// maxPlaces is more than the places of any function.
	maxPlaces = 1 << 16
	// endless is how many places the last number of a sequence is written for. It holds
	// for all behind it anyway, and so sequences are the same that differ in length only.
	endless = 1 << 15
)

func (t *pclntab) readSequence(off uint32) (sequence, error) {
	if off == 0 {
		return nil, nil
	}
	if _, err := t.sequenceEnd(off); err != nil {
		return nil, err
	}
	r := reader{t.sequenceTable(), int(off)}
	var s sequence
	value := int64(-1)
	for first := true; ; first = false {
		change := r.uint()
		if change == 0 && !first {
			return s, nil
		}
		value += int64(change>>1) ^ -int64(change&1)
		places := r.uint()
		if places > maxPlaces || len(s)+int(places) > maxPlaces {
			return nil, errorf("a sequence has more places than a function")
		}
		for range places {
			s = append(s, value)
		}
	}
}

// appendSequence writes a sequence as readSequence reads it.
func appendSequence(out []byte, s sequence) []byte {
	before := int64(-1)
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && s[end] == s[i] {
			end++
		}
		change := s[i] - before
		places := end - i
		if end == len(s) {
			places = endless
		}
		out = appendUint(out, uint64(change<<1^change>>63))
		out = appendUint(out, uint64(places))
		before, i = s[i], end
	}
	return append(out, 0)
}

// renumbered returns what is known of frames by the new numbers of calls.
func (k *frames) renumbered(sites []callSite, deferred, now int64) (*frames, error) {
	depth := newNumbered(k.depth)
	data := make([]*numbered, len(k.data))
	for i, s := range k.data {
		data[i] = newNumbered(s)
	}
	for _, site := range sites {
		depth.set(site.now, k.depth.at(site.old))
		if site.use == comesBack || site.use == staysAway {
			for i, s := range k.data {
				data[i].set(site.now-1, s.at(site.old-1))
			}
		}
	}
	if deferred > 0 {
		depth.set(now, k.depth.at(deferred))
		for i, s := range k.data {
			data[i].set(now, s.at(deferred))
		}
	}
	out := &frames{depth: depth.list(true)}
	for _, d := range data {
		out.data = append(out.data, d.list(false))
	}
	for _, d := range append(data, depth) {
		if d.conflict {
			return nil, errorf("two calls of a function need one number")
		}
	}
	return out, nil
}

// numbered is a sequence in the making.
type numbered struct {
	old      sequence
	values   map[int64]int64
	last     int64
	conflict bool
}

func newNumbered(old sequence) *numbered { return &numbered{old: old, values: map[int64]int64{}} }

func (n *numbered) set(number, value int64) {
	if before, ok := n.values[number]; ok && before != value {
		n.conflict = true
	}
	n.values[number] = value
	n.last = max(n.last, number)
}

// list returns the sequence; the numbers in between are as those before them. With
// most, the largest value is in it even if no number has it: a stack grows by it.
func (n *numbered) list(most bool) sequence {
	if n.old == nil {
		return nil
	}
	value := n.old.at(0)
	var out sequence
	largest := value
	for i := range n.last + 1 {
		if v, ok := n.values[i]; ok {
			value = v
		}
		largest = max(largest, value)
		out = append(out, value)
	}
	want := largest
	for _, v := range n.old {
		want = max(want, v)
	}
	if most && want > largest {
		out = append(out, want)
	}
	return append(out, out[len(out)-1])
}

// rewriteSequences writes the table of sequences anew. known has what is known now of
// functions by their records; of others it stays.
func (t *pclntab) rewriteSequences(known map[int]*frames) error {
	table := t.sequenceTable()
	out := []byte{0}
	offsets := map[string]uint32{}
	add := func(bytes []byte) uint32 {
		off, ok := offsets[string(bytes)]
		if !ok {
			off = uint32(len(out))
			offsets[string(bytes)] = off
			out = append(out, bytes...)
		}
		return off
	}
	type change struct {
		at  int
		off uint32
	}
	var changes []change
	for _, r := range t.records {
		k := known[r.function]
		for i, off := range t.sequences(r) {
			if off == 0 {
				continue
			}
			at := r.at + funcDepth
			if i > 0 {
				at = r.at + funcPCData + 4*(i-1)
			}
			var s sequence
			var err error
			switch {
			case k == nil:
				s, err = t.readSequence(off)
			case i == 0:
				s = k.depth
			default:
				s = k.data[i-1]
			}
			if err != nil {
				return err
			}
			if len(s) > endless {
				return errorf("a function has more places than are expected")
			}
			changes = append(changes, change{at, add(appendSequence(nil, s))})
		}
	}
	if len(out) > len(table) {
		return errorf("the sequences do not become shorter")
	}
	clear(table[copy(table, out):])
	for _, c := range changes {
		binary.LittleEndian.PutUint32(t.memory[c.at:], c.off)
	}
	return nil
}
