package token

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// charsmap replaces characters by the table that SentencePiece writes for its
// normalisation rules: a double-array trie (Aoe, 1989, in the layout of
// darts-clone) from a sequence of characters to an offset into a list of texts,
// each ended by a zero byte.
type charsmap struct {
	trie  []uint32
	texts []byte
}

func normalizePrecompiled(_ *reader, n node) (normalizer, error) {
	at := n.get("precompiled_charsmap")
	raw, err := base64.StdEncoding.DecodeString(at.text)
	if err != nil {
		return nil, invalid(at.at, "is not base64")
	}
	if len(raw) == 0 {
		return func(s string) (string, error) { return s, nil }, nil
	}
	if len(raw) < 4 {
		return nil, invalid(at.at, "is cut off")
	}
	size := binary.LittleEndian.Uint32(raw)
	if raw = raw[4:]; uint64(size) > uint64(len(raw)) || size%4 != 0 {
		return nil, invalid(at.at, "is cut off")
	}
	m := &charsmap{texts: raw[size:]}
	for i := uint32(0); i < size; i += 4 {
		m.trie = append(m.trie, binary.LittleEndian.Uint32(raw[i:]))
	}
	return func(s string) (string, error) { return m.replace(s) }, nil
}

// replace looks up whole short clusters first, as the rules for composed
// characters need it, and then character by character.
func (m *charsmap) replace(s string) (string, error) {
	const shortCluster = 6 // bytes; longer ones are not in any table
	var b strings.Builder
	for s != "" {
		n := cluster(s)
		if n < shortCluster {
			if to, ok := m.find(s[:n]); ok {
				b.WriteString(to)
				s = s[n:]
				continue
			}
		}
		for part := s[:n]; part != ""; {
			_, w := utf8.DecodeRuneInString(part)
			if to, ok := m.find(part[:w]); ok {
				b.WriteString(to)
			} else {
				b.WriteString(part[:w])
			}
			part = part[w:]
		}
		if s = s[n:]; b.Len() > maxGrown {
			return "", invalid("", "the text grows beyond what is allowed")
		}
	}
	return b.String(), nil
}

// cluster returns the length of the first character with the marks that belong
// to it. Of the rules of UAX #29 these are the ones that such tables have.
func cluster(s string) int {
	const joiner = 0x200D
	first, n := utf8.DecodeRuneInString(s)
	if first == '\r' && strings.HasPrefix(s[n:], "\n") {
		return n + 1
	}
	for n < len(s) {
		c, w := utf8.DecodeRuneInString(s[n:])
		if c != joiner && !isAnyMark(c) && !unicode.Is(unicode.Other_Grapheme_Extend, c) {
			break
		}
		n += w
	}
	return n
}

// find returns what the shortest beginning of key that is in the table becomes.
func (m *charsmap) find(key string) (string, bool) {
	at := uint32(0)
	unit, ok := m.unit(0)
	if !ok {
		return "", false
	}
	at ^= offset(unit)
	for i := range len(key) {
		c := uint32(key[i])
		if c == 0 {
			return "", false
		}
		at ^= c
		if unit, ok = m.unit(at); !ok || unit&(1<<31|0xFF) != c {
			return "", false
		}
		at ^= offset(unit)
		if unit>>8&1 == 1 {
			leaf, _ := m.unit(at)
			return m.text(leaf & (1<<31 - 1))
		}
	}
	return "", false
}

func (m *charsmap) unit(at uint32) (uint32, bool) {
	if uint64(at) >= uint64(len(m.trie)) {
		return 0, false
	}
	return m.trie[at], true
}

func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

func (m *charsmap) text(at uint32) (string, bool) {
	if uint64(at) >= uint64(len(m.texts)) {
		return "", false
	}
	s, _, ok := strings.Cut(string(m.texts[at:min(int(at)+maxToken, len(m.texts))]), "\x00")
	return s, ok && utf8.ValidString(s)
}
