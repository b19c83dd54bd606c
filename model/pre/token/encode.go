package token

import (
	"strconv"
	"strings"
)

// MaxText is the longest text that is encoded, in bytes; maxGrown bounds what
// becomes of it on the way.
const (
	MaxText  = 1 << 18
	maxGrown = 4 * MaxText
)

// Encoding is a text as a model sees it. All slices have the same length.
type Encoding struct {
	// IDs are the numbers of the tokens.
	IDs []int64
	// Types tell the first text (0) from the second (1), as far as the tokenizer
	// does.
	Types []int64
	// Mask is 1 for tokens and 0 for padding.
	Mask []int64
}

// Encode returns the tokens of a text, or of a pair of texts for a model that
// compares two. It returns an *Error for a text that is longer than [MaxText] or
// that has no tokens, and for a pair where the tokenizer has no form for it. Bytes
// that are not UTF-8 count as U+FFFD.
func (t *Tokenizer) Encode(text string, pair ...string) (Encoding, error) {
	slots := t.template.single
	texts := append([]string{text}, pair...)
	switch {
	case len(pair) > 1:
		return Encoding{}, invalid("", strconv.Itoa(len(texts))+" texts, and a model sees at most two")
	case len(pair) == 1:
		if slots = t.template.pair; slots == nil {
			return Encoding{}, invalid("", "the tokenizer has no form for two texts")
		}
	}
	ids := make([][]int32, len(texts))
	for i, s := range texts {
		var err error
		if ids[i], err = t.tokens(s); err != nil {
			return Encoding{}, err
		}
	}
	if err := t.cut.apply(ids, fixed(slots)); err != nil {
		return Encoding{}, err
	}
	var e Encoding
	for _, s := range slots {
		part := s.ids
		if part == nil {
			part = ids[s.text]
		}
		for _, id := range part {
			e.add(int64(id), s.kind, 1)
		}
	}
	t.pad.apply(&e)
	return e, nil
}

func (e *Encoding) add(id, kind, mask int64) {
	e.IDs, e.Types, e.Mask = append(e.IDs, id), append(e.Types, kind), append(e.Mask, mask)
}

// tokens runs all stages but the template for one text.
func (t *Tokenizer) tokens(text string) ([]int32, error) {
	if len(text) > MaxText {
		return nil, invalid("", "the text has "+strconv.Itoa(len(text))+" bytes, at most "+strconv.Itoa(MaxText)+" are allowed")
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	var ids []int32
	for _, raw := range t.raw.cut(section{text, true, -1}) {
		if raw.id < 0 && t.normalize != nil {
			var err error
			if raw.text, err = t.normalize(raw.text); err != nil {
				return nil, err
			}
		}
		for _, s := range t.normal.cut(raw) {
			if s.id >= 0 {
				ids = append(ids, s.id)
				continue
			}
			var err error
			if ids, err = t.words(ids, piece{s.text, s.first}); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// words cuts a section and appends the tokens of its parts.
func (t *Tokenizer) words(ids []int32, p piece) (_ []int32, err error) {
	pieces := []piece{p}
	if t.split != nil {
		if pieces, err = t.split(p); err != nil {
			return nil, err
		}
	}
	for _, p := range pieces {
		if p.text == "" {
			continue
		}
		if ids, err = t.model.encode(ids, p.text); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// truncation bounds the number of tokens; the zero value does not.
type truncation struct {
	most     int
	left     bool // cut at the beginning
	strategy string
}

// apply shortens the texts so that they fit beside the fixed tokens.
func (c truncation) apply(ids [][]int32, fixed int) error {
	if c.most == 0 {
		return nil
	}
	room := c.most - fixed
	if room < 0 {
		return invalid("truncation.max_length", "leaves no room for a text")
	}
	over := -room
	for _, s := range ids {
		over += len(s)
	}
	if over <= 0 {
		return nil
	}
	switch {
	case c.strategy == "OnlySecond":
		return c.one(ids, 1, over)
	case len(ids) == 1, c.strategy == "OnlyFirst":
		return c.one(ids, 0, over)
	}
	// The longest first: both have the same length in the end, unless one is
	// shorter than that anyway.
	short, long := 0, 1
	if len(ids[0]) > len(ids[1]) {
		short, long = 1, 0
	}
	a := len(ids[short])
	b := room - a
	if b < a {
		a = room / 2
		b = room - a
	}
	ids[short], ids[long] = c.shorten(ids[short], a), c.shorten(ids[long], b)
	return nil
}

// one takes all that is too much from one text.
func (c truncation) one(ids [][]int32, i, over int) error {
	if i == len(ids) {
		return invalid("truncation.strategy", "shortens the second text only, and there is none")
	}
	n := len(ids[i]) - over
	if n < 0 || n == 0 && len(ids) > 1 {
		return invalid("", "the text that may be shortened is too short for that")
	}
	ids[i] = c.shorten(ids[i], n)
	return nil
}

func (c truncation) shorten(ids []int32, n int) []int32 {
	if c.left {
		return ids[len(ids)-n:]
	}
	return ids[:n]
}

// padding fills up to a length; the zero value does not.
type padding struct {
	on       bool
	left     bool
	length   int // 0: none but multiple
	multiple int
	id, kind int64
}

// apply appends padding, or sets it before the tokens.
func (p padding) apply(e *Encoding) {
	if !p.on {
		return
	}
	want := max(p.length, len(e.IDs))
	if p.multiple > 1 {
		want = (want + p.multiple - 1) / p.multiple * p.multiple
	}
	tokens := *e
	fill := func() {
		for range want - len(tokens.IDs) {
			e.add(p.id, p.kind, 0)
		}
	}
	*e = Encoding{}
	if p.left {
		fill()
	}
	e.IDs, e.Types, e.Mask = append(e.IDs, tokens.IDs...), append(e.Types, tokens.Types...), append(e.Mask, tokens.Mask...)
	if !p.left {
		fill()
	}
}
