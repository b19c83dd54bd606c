package token

import (
	"slices"
	"strings"
)

// lexicon finds tokens by their text. It is a sorted list: the beginnings of a
// text are looked up one byte after the other in an ever smaller part of it.
type lexicon struct {
	words  []string
	values []int32 // beside words
	most   int     // bytes of the longest word
}

// entry is a word that has not been sorted in yet.
type entry struct {
	word  string
	value int32
}

// newLexicon sorts the words of entries, which it keeps nothing of. Of entries with the
// same word the last one counts.
func newLexicon(entries []entry) *lexicon {
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return strings.Compare(entries[i].word, entries[j].word) })
	l := &lexicon{words: make([]string, 0, len(entries)), values: make([]int32, 0, len(entries))}
	for i, at := range order {
		e := entries[at]
		if i+1 < len(entries) && entries[order[i+1]].word == e.word {
			continue
		}
		l.words, l.values = append(l.words, e.word), append(l.values, e.value)
		l.most = max(l.most, len(e.word))
	}
	return l
}

// find returns the value of a word.
func (l *lexicon) find(word string) (int32, bool) {
	i, ok := slices.BinarySearch(l.words, word)
	if !ok {
		return 0, false
	}
	return l.values[i], true
}

// beginnings calls found for each word that text begins with, the shortest
// first, until found returns false.
func (l *lexicon) beginnings(text string, found func(bytes int, value int32) bool) {
	lo, hi := 0, len(l.words)
	for d := 0; lo < hi; d++ {
		if len(l.words[lo]) == d {
			if d > 0 && !found(d, l.values[lo]) {
				return
			}
			lo++
		}
		if d == len(text) {
			return
		}
		c := text[d]
		// All words from lo to hi have the first d bytes of text, and at least one more.
		lo = l.bound(lo, hi, d, c)
		if c == 0xff {
			continue
		}
		hi = l.bound(lo, hi, d, c+1)
	}
}

// bound returns the first word from lo to hi whose byte d is at least c.
func (l *lexicon) bound(lo, hi, d int, c byte) int {
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if l.words[m][d] < c {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}
