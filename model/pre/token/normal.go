package token

import (
	"strings"
	"unicode"
)

// normalizer changes the text before it is cut.
type normalizer func(text string) (string, error)

// maker makes a stage of one kind from its JSON object.
type normalizerMaker func(r *reader, n node) (normalizer, error)

// normalizers returns how the normaliser of that name is made, nil if there is
// none.
func normalizers(name string) normalizerMaker {
	switch name {
	case "Sequence":
		return normalizeSequence
	case "BertNormalizer":
		return normalizeBert
	case "Lowercase":
		return simply(lower)
	case "NFC", "NFD", "NFKC", "NFKD":
		return normalizeForm
	case "Nmt":
		return simply(normalizeNmt)
	case "Precompiled":
		return normalizePrecompiled
	case "Prepend":
		return normalizePrepend
	case "Replace":
		return normalizeReplace
	case "Strip":
		return normalizeStrip
	case "StripAccents":
		return simply(func(s string) string { return without(s, isAnyMark) })
	case "ByteLevel":
		return simply(byteChars)
	}
	return nil
}

// normalizer reads the normaliser; nil changes nothing.
func (r *reader) normalizer(n node) (normalizer, error) {
	if n.null() {
		return nil, nil
	}
	make := normalizers(n.name())
	if make == nil {
		return nil, unsupported(n.at, n.name())
	}
	return make(r, n)
}

func simply(f func(string) string) normalizerMaker {
	return func(*reader, node) (normalizer, error) {
		return func(s string) (string, error) { return f(s), nil }, nil
	}
}

func normalizeSequence(r *reader, n node) (normalizer, error) {
	var parts []normalizer
	for _, item := range n.get("normalizers").items {
		part, err := r.normalizer(item)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return func(s string) (_ string, err error) {
		for _, part := range parts {
			if s, err = part(s); err != nil {
				return "", err
			}
		}
		return s, nil
	}, nil
}

// normalizeBert is the text cleaning of BERT (Devlin et al., 2018).
func normalizeBert(r *reader, n node) (normalizer, error) {
	clean, chinese, small := n.get("clean_text").flag(true), n.get("handle_chinese_chars").flag(true), n.get("lowercase").flag(true)
	strip := n.get("strip_accents").flag(small)
	if strip && r.form == nil {
		return nil, invalid(n.at, "needs Unicode normalisation, which this program does not have")
	}
	form := r.form
	return func(s string) (string, error) {
		if clean {
			s = strings.Map(func(c rune) rune {
				switch {
				case c == 0 || c == 0xFFFD || isControl(c):
					return -1
				case unicode.IsSpace(c):
					return ' '
				}
				return c
			}, s)
		}
		if chinese {
			s = spaced(s, isIdeograph)
		}
		if strip {
			s = without(form("NFD", s), isMark)
		}
		if small {
			s = lower(s)
		}
		return s, nil
	}, nil
}

// spaced sets blanks around characters.
func spaced(s string, is func(rune) bool) string {
	if strings.IndexFunc(s, is) < 0 {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if is(c) {
			b.WriteByte(' ')
			b.WriteRune(c)
			b.WriteByte(' ')
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// without removes characters.
func without(s string, is func(rune) bool) string {
	return strings.Map(func(c rune) rune {
		if is(c) {
			return -1
		}
		return c
	}, s)
}

// isAnyMark is a mark of any kind.
func isAnyMark(c rune) bool { return c >= 0x300 && unicode.Is(unicode.M, c) }

func normalizeForm(r *reader, n node) (normalizer, error) {
	if r.form == nil {
		return nil, invalid(n.at, "needs Unicode normalisation, which this program does not have")
	}
	form, name := r.form, n.name()
	return func(s string) (string, error) { return form(name, s), nil }, nil
}

// normalizeNmt cleans text as SentencePiece's rule nmt does.
func normalizeNmt(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 1 && c <= 8, c == 0xB, c >= 0xE && c <= 0x1F, c == 0x7F, c == 0x8F, c == 0x9F:
			return -1
		case c == 9, c == 0xA, c == 0xC, c == 0xD, c == 0x1680, c >= 0x200B && c <= 0x200F, c == 0x2028, c == 0x2029, c == 0x2581, c == 0xFEFF, c == 0xFFFD:
			return ' '
		}
		return c
	}, s)
}

func normalizePrepend(_ *reader, n node) (normalizer, error) {
	head := n.get("prepend").text
	return func(s string) (string, error) {
		if s == "" {
			return s, nil
		}
		return head + s, nil
	}, nil
}

func normalizeReplace(_ *reader, n node) (normalizer, error) {
	find, err := finder(n.get("pattern"))
	if err != nil {
		return nil, err
	}
	by := n.get("content").text
	return func(s string) (string, error) {
		spans, err := find(s)
		if err != nil || len(spans) == 0 {
			return s, err
		}
		var b strings.Builder
		at := 0
		for _, p := range spans {
			b.WriteString(s[at:p.start])
			b.WriteString(by)
			at = p.end
		}
		b.WriteString(s[at:])
		if b.Len() > maxGrown {
			return "", invalid("", "the text grows beyond what is allowed")
		}
		return b.String(), nil
	}, nil
}

func normalizeStrip(_ *reader, n node) (normalizer, error) {
	left, right := n.get("strip_left").flag(false), n.get("strip_right").flag(false)
	return func(s string) (string, error) {
		if left {
			s = strings.TrimLeftFunc(s, unicode.IsSpace)
		}
		if right {
			s = strings.TrimRightFunc(s, unicode.IsSpace)
		}
		return s, nil
	}, nil
}
