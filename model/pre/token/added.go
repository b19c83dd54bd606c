package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// added is a token that is found in the text itself, before the text is cut.
type added struct {
	content               string
	id                    int32
	word                  bool // only between characters that are no letters
	stripLeft, stripRight bool // takes the blanks beside it along
	normalized            bool // is looked for after the normaliser
}

// addedSet finds the tokens of one kind.
type addedSet struct {
	tokens []added
	find   *lexicon // value: index of tokens
}

func newAddedSet(tokens []added) addedSet {
	entries := make([]entry, 0, len(tokens))
	for i, t := range tokens {
		if t.content != "" {
			entries = append(entries, entry{t.content, int32(i)})
		}
	}
	return addedSet{tokens, newLexicon(entries)}
}

// section is a part of the text: an added token, or text between them.
type section struct {
	text  string
	first bool
	id    int32 // -1: text
}

// cut finds the tokens, from left to right, the longest first.
func (a addedSet) cut(s section) []section {
	if s.id >= 0 || len(a.tokens) == 0 {
		return []section{s}
	}
	var out []section
	text, from := s.text, 0
	add := func(end int) {
		if end > from {
			out = append(out, section{text[from:end], s.first && from == 0, -1})
		}
	}
	for at := 0; at < len(text); {
		n, hit := 0, int32(-1)
		a.find.beginnings(text[at:], func(bytes int, value int32) bool {
			n, hit = bytes, value
			return true
		})
		if hit < 0 || a.tokens[hit].word && !alone(text, at, at+n) {
			_, w := utf8.DecodeRuneInString(text[at:])
			at += max(w, n)
			continue
		}
		t := &a.tokens[hit]
		start, end := at, at+n
		if t.stripLeft {
			start = max(from, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if t.stripRight {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		add(start)
		out = append(out, section{"", s.first && start == 0, t.id})
		from, at = end, end
	}
	add(len(text))
	return out
}

// alone reports whether what is from start to end has no letters beside it.
func alone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return (start == 0 || !isWord(before)) && (end == len(text) || !isWord(after))
}
