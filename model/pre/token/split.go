package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// piece is a part of the text on its way to the model.
type piece struct {
	text  string
	first bool // it begins where the whole text begins
}

// splitter cuts a piece into smaller ones.
type splitter func(p piece) ([]piece, error)

type splitterMaker func(r *reader, n node) (splitter, error)

// splitters returns how the pre-tokeniser of that name is made, nil if there is
// none.
func splitters(name string) splitterMaker {
	switch name {
	case "Sequence":
		return splitSequence
	case "BertPreTokenizer":
		return func(*reader, node) (splitter, error) {
			return inTurn(cutBy(runs(unicode.IsSpace), "Removed"), cutBy(chars(isPunct), "Isolated")), nil
		}
	case "Whitespace":
		return func(r *reader, n node) (splitter, error) {
			p, err := compile(n.at, `\w+|[^\w\s]+`)
			return only(p), err
		}
	case "WhitespaceSplit":
		return func(*reader, node) (splitter, error) { return cutBy(runs(unicode.IsSpace), "Removed"), nil }
	case "Punctuation":
		return func(_ *reader, n node) (splitter, error) { return behaving(n, chars(isPunct), "Isolated") }
	case "Digits":
		return splitDigits
	case "CharDelimiterSplit":
		return splitDelimiter
	case "Split":
		return splitPattern
	case "ByteLevel":
		return splitByteLevel
	case "Metaspace":
		return splitMetaspace
	}
	return nil
}

// splitter reads the pre-tokeniser; nil leaves the text whole.
func (r *reader) splitter(n node) (splitter, error) {
	if n.null() {
		return nil, nil
	}
	make := splitters(n.name())
	if make == nil {
		return nil, unsupported(n.at, n.name())
	}
	return make(r, n)
}

func splitSequence(r *reader, n node) (splitter, error) {
	var parts []splitter
	for _, item := range n.get("pretokenizers").items {
		part, err := r.splitter(item)
		if err != nil {
			return nil, err
		}
		if part != nil {
			parts = append(parts, part)
		}
	}
	return inTurn(parts...), nil
}

// inTurn hands the pieces of one splitter to the next.
func inTurn(parts ...splitter) splitter {
	return func(p piece) ([]piece, error) {
		pieces := []piece{p}
		for _, part := range parts {
			var next []piece
			for _, p := range pieces {
				more, err := part(p)
				if err != nil {
					return nil, err
				}
				next = append(next, more...)
			}
			pieces = next
		}
		return pieces, nil
	}
}

// spanner finds the delimiters in a text.
type spanner func(text string) ([]span, error)

// chars finds single characters, runs longest runs of them.
func chars(is func(rune) bool) spanner { return charSpans(is, false) }
func runs(is func(rune) bool) spanner  { return charSpans(is, true) }

func charSpans(is func(rune) bool, join bool) spanner {
	return func(text string) (spans []span, _ error) {
		for i, c := range text {
			if !is(c) {
				continue
			}
			_, w := utf8.DecodeRuneInString(text[i:])
			if n := len(spans); join && n > 0 && spans[n-1].end == i {
				spans[n-1].end = i + w
			} else {
				spans = append(spans, span{i, i + w})
			}
		}
		return spans, nil
	}
}

// finder reads a pattern: {"String": …} or {"Regex": …}.
func finder(n node) (spanner, error) {
	if expr := n.get("Regex"); !expr.null() {
		p, err := compile(expr.at, expr.text)
		if err != nil {
			return nil, err
		}
		return p.all, nil
	}
	word := n.get("String").text
	if word == "" {
		return nil, invalid(n.at, "wants a String or a Regex")
	}
	return func(text string) (spans []span, _ error) {
		for at := 0; ; {
			i := strings.Index(text[at:], word)
			if i < 0 {
				return spans, nil
			}
			spans = append(spans, span{at + i, at + i + len(word)})
			at += i + len(word)
		}
	}, nil
}

// behaving reads what becomes of delimiters.
func behaving(n node, find spanner, otherwise string) (splitter, error) {
	b := n.get("behavior").text
	switch b {
	case "":
		b = otherwise
	case "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous":
	default:
		return nil, unsupported(n.at+".behavior", b)
	}
	if n.get("invert").truth {
		return cut(find, true, b), nil
	}
	return cut(find, false, b), nil
}

// cutBy cuts at what find finds.
func cutBy(find spanner, behavior string) splitter { return cut(find, false, behavior) }

// cut cuts at delimiters, which are what find finds, or all that lies between
// (inverted). They are left out (Removed), pieces of their own (Isolated), joined
// with neighbours of their kind (Contiguous), or part of the piece on one side.
func cut(find spanner, inverted bool, behavior string) splitter {
	return func(p piece) ([]piece, error) {
		spans, err := find(p.text)
		if err != nil {
			return nil, err
		}
		var out []span
		before := false // a delimiter
		each(spans, len(p.text), func(s span, found bool) {
			delimiter := found != inverted
			join := false
			switch behavior {
			case "Removed":
				if delimiter {
					return
				}
			case "MergedWithPrevious":
				join = delimiter && !before
			case "MergedWithNext":
				join = !delimiter && before
			case "Contiguous":
				join = delimiter == before
			}
			if n := len(out); join && n > 0 {
				out[n-1].end = s.end
			} else {
				out = append(out, s)
			}
			before = delimiter
		})
		return p.parts(out), nil
	}
}

// each calls f for spans and for what lies between them, in order.
func each(spans []span, end int, f func(s span, found bool)) {
	at := 0
	for _, s := range spans {
		if s.start > at {
			f(span{at, s.start}, false)
		}
		f(s, true)
		at = s.end
	}
	if at < end {
		f(span{at, end}, false)
	}
}

// parts returns the pieces at the given spans.
func (p piece) parts(spans []span) []piece {
	out := make([]piece, len(spans))
	for i, s := range spans {
		out[i] = piece{p.text[s.start:s.end], p.first && s.start == 0}
	}
	return out
}

// only keeps the matches of a pattern.
func only(pat *pattern) splitter {
	return func(p piece) ([]piece, error) {
		spans, err := pat.all(p.text)
		return p.parts(spans), err
	}
}

func splitDigits(_ *reader, n node) (splitter, error) {
	if n.get("individual_digits").truth {
		return cutBy(chars(unicode.IsNumber), "Isolated"), nil
	}
	return cutBy(chars(unicode.IsNumber), "Contiguous"), nil
}

func splitDelimiter(_ *reader, n node) (splitter, error) {
	want, _ := utf8.DecodeRuneInString(n.get("delimiter").text)
	return cutBy(chars(func(c rune) bool { return c == want }), "Removed"), nil
}

func splitPattern(_ *reader, n node) (splitter, error) {
	find, err := finder(n.get("pattern"))
	if err != nil {
		return nil, err
	}
	return behaving(n, find, "Removed")
}

// gpt2 is how GPT-2 (Radford et al., 2019) cuts text.
const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

func splitByteLevel(_ *reader, n node) (splitter, error) {
	prefix := n.get("add_prefix_space").flag(true)
	words := func(p piece) ([]piece, error) { return []piece{p}, nil }
	if n.get("use_regex").flag(true) {
		pat, err := compile(n.at, gpt2)
		if err != nil {
			return nil, err
		}
		words = cutBy(pat.all, "Isolated")
	}
	return func(p piece) ([]piece, error) {
		if prefix && !strings.HasPrefix(p.text, " ") {
			p.text = " " + p.text
		}
		pieces, err := words(p)
		for i := range pieces {
			pieces[i].text = byteChars(pieces[i].text)
		}
		return pieces, err
	}, nil
}

// byteChars replaces each byte by a character that can be seen, as byte-level BPE
// does: bytes that are such characters in Latin-1 stay, the others become the
// characters from 256 on.
func byteChars(s string) string {
	var b strings.Builder
	b.Grow(len(s) * 2)
	for i := range len(s) {
		b.WriteRune(byteChar(s[i]))
	}
	return b.String()
}

func byteChar(c byte) rune {
	switch {
	case c <= ' ':
		return 256 + rune(c)
	case c < 0x7F, c >= 0xA1 && c != 0xAD:
		return rune(c)
	case c == 0xAD:
		return 256 + 33 + 34
	}
	return 256 + 33 + rune(c-0x7F) // behind the 33 of the first line
}

func splitMetaspace(_ *reader, n node) (splitter, error) {
	mark := "\u2581"
	if t := n.get("replacement"); !t.null() {
		mark = t.text
	}
	scheme := n.get("prepend_scheme").text
	if scheme == "" {
		scheme = "always"
		if !n.get("add_prefix_space").flag(true) {
			scheme = "never"
		}
	}
	words := inTurn()
	if n.get("split").flag(true) {
		find, err := finder(node{keys: []string{"String"}, items: []node{{kind: stringKind, text: mark}}})
		if err != nil {
			return nil, err
		}
		words = cutBy(find, "MergedWithNext")
	}
	return func(p piece) ([]piece, error) {
		p.text = strings.ReplaceAll(p.text, " ", mark)
		if (scheme == "always" || scheme == "first" && p.first) && !strings.HasPrefix(p.text, mark) {
			p.text = mark + p.text
		}
		return words(p)
	}, nil
}
