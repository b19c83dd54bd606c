package token

import (
	"slices"
	"unicode/utf8"
)

// unigram finds the most probable way to cut a piece into tokens, by Viterbi's
// algorithm (Kudo, 2018).
type unigram struct {
	vocab   *lexicon
	scores  []float64 // by token
	unknown int32     // -1: none
	least   float64   // the worst score of a token
	bytes   []int32   // nil: unknown text becomes the unknown token
}

// unknownPenalty is how much worse a character that is no token is than the worst
// token; the value is SentencePiece's.
const unknownPenalty = 10

// lattice is the best way to each byte of a piece.
type lattice struct {
	score float64
	from  int32 // -1: not reached
	id    int32
}

func (u *unigram) encode(to []int32, word string) ([]int32, error) {
	best := make([]lattice, len(word)+1)
	for i := range best {
		best[i].from = -1
	}
	best[0].from = 0
	offer := func(start, end int, score float64, id int32) {
		if score += best[start].score; best[end].from < 0 || score > best[end].score {
			best[end] = lattice{score, int32(start), id}
		}
	}
	for i, w := 0, 0; i < len(word); i += w {
		_, w = utf8.DecodeRuneInString(word[i:])
		single := false
		u.vocab.beginnings(word[i:], func(n int, id int32) bool {
			if i+n == len(word) || utf8.RuneStart(word[i+n]) {
				offer(i, i+n, u.scores[id], id)
				single = single || n == w
			}
			return true
		})
		if !single {
			if u.unknown < 0 {
				return nil, invalid("", "the tokenizer has no token for "+quote(word[i:i+w])+", and none for unknown text")
			}
			offer(i, i+w, u.least-unknownPenalty, u.unknown)
		}
	}
	return u.walk(to, word, best), nil
}

// walk follows the best way back. Unknown neighbours are one token.
func (u *unigram) walk(to []int32, word string, best []lattice) []int32 {
	was := len(to)
	for end := len(word); end > 0; {
		step := best[end]
		start := int(step.from)
		if step.id == u.unknown && u.unknown >= 0 {
			for start > 0 && best[start].id == u.unknown {
				start = int(best[start].from)
			}
			to = u.unknownText(to, word[start:end])
		} else {
			to = append(to, step.id)
		}
		end = start
	}
	slices.Reverse(to[was:])
	return to
}

// unknownText appends what stands for text without a token, backwards.
func (u *unigram) unknownText(to []int32, text string) []int32 {
	if u.bytes == nil {
		return append(to, u.unknown)
	}
	for i := range len(text) {
		if u.bytes[text[i]] < 0 {
			return append(to, u.unknown)
		}
	}
	for i := len(text) - 1; i >= 0; i-- {
		to = append(to, u.bytes[text[i]])
	}
	return to
}
