package token

import (
	"strings"
	"unicode"
)

// The classes of characters that the stages test for. Where a class is a Unicode
// property, the tables are those of Go's package unicode.

// isPunct is a punctuation mark: one of Unicode's, or any of ASCII's symbols.
func isPunct(r rune) bool {
	if r < 0x80 {
		return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
	}
	return unicode.Is(unicode.P, r)
}

// isWord is \w of regular expressions (UTS #18): letters, marks, decimal digits,
// punctuation that connects, and the joiners.
func isWord(r rune) bool {
	if r < 0x80 {
		return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return r == 0x200C || r == 0x200D || unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic)
}

// isControl is a character that clean_text of BERT removes; tab and the ends of
// lines are blanks there.
func isControl(r rune) bool {
	if r == '\t' || r == '\n' || r == '\r' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}

// isMark is a mark that takes no room of its own, such as an accent.
func isMark(r rune) bool { return r >= 0x300 && unicode.Is(unicode.Mn, r) }

// isIdeograph is what BERT sets blanks around: the CJK ideographs.
func isIdeograph(r rune) bool {
	for _, b := range [...][2]rune{
		{0x4E00, 0x9FFF}, {0x3400, 0x4DBF}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
		{0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF}, {0x2F800, 0x2FA1F},
	} {
		if r >= b[0] && r <= b[1] {
			return true
		}
	}
	return false
}

// lower is text in lower case. Unlike Go's, the capital I with a dot keeps its
// dot, as Unicode's full mapping says.
func lower(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "\u0130", "i\u0307"))
}
