package token

import "unicode/utf8"

// algorithm turns a piece into tokens, which it appends.
type algorithm interface {
	encode(to []int32, word string) ([]int32, error)
}

// wordPiece takes the longest token that a word begins with, and goes on behind
// it with tokens that have a prefix (Schuster & Nakajima, 2012; the greedy
// search of BERT).
type wordPiece struct {
	heads, tails *lexicon // tails: those with the prefix, without it
	unknown      int32
	most         int // characters of a word; longer ones are unknown
}

func (w *wordPiece) encode(to []int32, word string) ([]int32, error) {
	if utf8.RuneCountInString(word) > w.most {
		return append(to, w.unknown), nil
	}
	was := len(to)
	for find := w.heads; word != ""; find = w.tails {
		n, id := 0, int32(0)
		find.beginnings(word, func(bytes int, value int32) bool {
			if bytes == len(word) || utf8.RuneStart(word[bytes]) {
				n, id = bytes, value
			}
			return true
		})
		if n == 0 {
			return append(to[:was], w.unknown), nil
		}
		to, word = append(to, id), word[n:]
	}
	return to, nil
}

// wordLevel has a token for each whole word.
type wordLevel struct {
	vocab   *lexicon
	unknown int32
}

func (w *wordLevel) encode(to []int32, word string) ([]int32, error) {
	id, ok := w.vocab.find(word)
	if !ok {
		id = w.unknown
	}
	return append(to, id), nil
}
