package registry

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/semver"
)

const (
	maxName = 64
	maxPath = 256
)

// CheckName returns an error unless s may be a model's name: 1 to 64 lower-case
// letters, digits, "-", "_" and ".", beginning with a letter or digit.
func CheckName(s string) error {
	if s == "" || len(s) > maxName {
		return errors.New("want a name of 1 to 64 characters")
	}
	for i, c := range []byte(s) {
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '-' && c != '_' && c != '.') {
			return fmt.Errorf("name %s: want lower-case letters, digits, \"-\", \"_\" and \".\", beginning with a letter or digit", quote(s))
		}
	}
	return nil
}

// checkVersion returns an error unless s is a semantic version with all three
// numbers and without build metadata, which has no place in an order.
func checkVersion(s string) error {
	if len(s) > maxName || !semver.IsValid("v"+s) || semver.Canonical("v"+s) != "v"+s {
		return fmt.Errorf("version %s: want three numbers as in 1.2.3 or 1.2.3-rc.1", quote(s))
	}
	return nil
}

// checkAlias allows words that no version and no range can be mistaken for.
func checkAlias(s string) error {
	if s == "" || len(s) > maxName || s[0] < 'a' || s[0] > 'z' {
		return fmt.Errorf("alias %s: want a word that begins with a lower-case letter", quote(s))
	}
	return CheckName(s)
}

// checkPath returns an error unless s is relative, slash-separated, and cannot leave
// the version's folder on any system or be misread in a URL.
func checkPath(s string) error {
	if s == "" || len(s) > maxPath || !utf8.ValidString(s) {
		return errors.New("want a path of 1 to 256 bytes of UTF-8")
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f || strings.ContainsRune(`\:?#%*"<>|`, c) {
			return fmt.Errorf("path %s: want no control character and none of \\ : ? # %% * \" < > |", quote(s))
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("path %s: want a relative path without empty, \".\" or \"..\" parts", quote(s))
		}
	}
	return nil
}

// escape percent-encodes a checked path for a URL, byte by byte, slashes excepted.
func escape(path string) string {
	const plain = "-_.~/!$&'()+,;=@"
	var b strings.Builder
	for _, c := range []byte(path) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// quote is s in quotation marks, cut if long, so that a message stays readable
// whatever a document holds.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "…"
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(s, "?"))
}
