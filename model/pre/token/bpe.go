package token

import (
	"container/heap"
	"unicode/utf8"
)

// bpe joins neighbours by a list of merges, the earliest of the list first
// (Sennrich et al., 2016).
type bpe struct {
	vocab          *lexicon
	merges         map[[2]int32]merge
	unknown        int32 // -1: none; the text is left out
	fuse           bool  // neighbouring unknown characters are one token
	whole          bool  // a word that is a token needs no merges
	bytes          []int32
	prefix, suffix string // of tokens that do not begin, that end a word
}

type merge struct{ rank, id int32 }

// symbol is a token in a list of what is left of a word.
type symbol struct {
	id         int32
	prev, next int32 // -1 at the ends
	gone       bool
}

// candidate is a pair of neighbours that may be merged.
type candidate struct {
	merge
	at    int32
	right int32 // the right one's token when the candidate was found
	left  int32
}

type candidates []candidate

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

func (b *bpe) encode(to []int32, word string) ([]int32, error) {
	if b.whole {
		if id, ok := b.vocab.find(word); ok {
			return append(to, id), nil
		}
	}
	symbols := b.symbols(word)
	var queue candidates
	look := func(at int32) {
		s := symbols[at]
		if s.next < 0 {
			return
		}
		right := symbols[s.next].id
		if m, ok := b.merges[[2]int32{s.id, right}]; ok {
			heap.Push(&queue, candidate{m, at, right, s.id})
		}
	}
	for i := range symbols {
		look(int32(i))
	}
	for len(queue) > 0 {
		c := heap.Pop(&queue).(candidate)
		s := &symbols[c.at]
		if s.gone || s.id != c.left || s.next < 0 || symbols[s.next].id != c.right {
			continue // one of the two has been merged since
		}
		next := &symbols[s.next]
		s.id, next.gone, s.next = c.id, true, next.next
		if s.next >= 0 {
			symbols[s.next].prev = c.at
		}
		look(c.at)
		if s.prev >= 0 {
			look(s.prev)
		}
	}
	for _, s := range symbols {
		if !s.gone {
			to = append(to, s.id)
		}
	}
	return to, nil
}

// symbols returns the tokens of the single characters.
func (b *bpe) symbols(word string) []symbol {
	var out []symbol
	add := func(id int32) {
		n := int32(len(out))
		if n > 0 {
			out[n-1].next = n
		}
		out = append(out, symbol{id: id, prev: n - 1, next: -1})
	}
	unknown := false // the last one was
	for i, w := 0, 0; i < len(word); i += w {
		_, w = utf8.DecodeRuneInString(word[i:])
		text := word[i : i+w]
		if i > 0 {
			text = b.prefix + text
		}
		if i+w == len(word) {
			text += b.suffix
		}
		id, ok := b.vocab.find(text)
		switch {
		case ok:
			add(id)
		case b.byBytes(text, add):
		case b.unknown >= 0 && !(b.fuse && unknown):
			add(b.unknown)
			fallthrough
		default:
			unknown = true
			continue
		}
		unknown = false
	}
	return out
}

// byBytes adds the tokens of the single bytes of text, if there are any.
func (b *bpe) byBytes(text string, add func(int32)) bool {
	for i := range len(text) {
		if b.bytes == nil || b.bytes[text[i]] < 0 {
			return false
		}
	}
	for i := range len(text) {
		add(b.bytes[text[i]])
	}
	return true
}

// byteTokens returns the tokens <0x00> … <0xFF>, -1 for those that lack.
func byteTokens(vocab *lexicon) []int32 {
	const digits = "0123456789ABCDEF"
	ids := make([]int32, 256)
	for i := range ids {
		id, ok := vocab.find("<0x" + digits[i>>4:i>>4+1] + digits[i&15:i&15+1] + ">")
		if ids[i] = id; !ok {
			ids[i] = -1
		}
	}
	return ids
}
