package pack

import (
	"strings"
	"unicode/utf8"
)

// Longest texts, in bytes.
const (
	maxName = 64
	maxPath = 256
	maxText = 4096
)

// CheckName returns what is wrong with a model's name, or "". A name is a
// folder and part of a URL: lower-case letters, digits, "-", "_" and ".",
// beginning with a letter or digit, at most 64 of them.
func CheckName(s string) string {
	if s == "" || len(s) > maxName {
		return "want a name of 1 to 64 characters"
	}
	for i, c := range []byte(s) {
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '-' && c != '_' && c != '.') {
			return "want lower-case letters, digits, \"-\", \"_\" and \".\", beginning with a letter or digit"
		}
	}
	return ""
}

// CheckPath returns what is wrong with the path of a file, or "". A path is
// relative and slash-separated; it cannot leave the package's folder on any
// system, and it needs no escaping in a URL beyond what url.PathEscape does.
func CheckPath(s string) string {
	switch {
	case s == "" || len(s) > maxPath:
		return "want a path of 1 to 256 bytes"
	case s == "manifest.json":
		return "manifest.json is the manifest itself"
	case !utf8.ValidString(s):
		return "want valid UTF-8"
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f || strings.ContainsRune(`\:?#%*"<>|`, c) {
			return "want no control character and none of \\ : ? # % * \" < > |"
		}
	}
	for _, part := range strings.Split(s, "/") {
		if part == "" || part == "." || part == ".." {
			return "want a relative path without empty, \".\" or \"..\" parts"
		}
	}
	return ""
}

// oneOf returns what is wrong with s if it is none of the words.
func oneOf(s string, words ...string) string {
	for _, w := range words {
		if s == w {
			return ""
		}
	}
	last := len(words) - 1
	list := words[0]
	if last > 0 {
		list = strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return "unknown value " + quote(s) + "; want " + list
}

// quote is s in quotation marks, cut if long, so that a message stays readable
// whatever a document holds.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "…"
	}
	return `"` + strings.ToValidUTF8(s, "?") + `"`
}
