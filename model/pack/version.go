package pack

import (
	"cmp"
	"strconv"
	"strings"
)

// Version is a semantic version (https://semver.org) without build metadata,
// which has no place in an order.
type Version struct {
	Major, Minor, Patch uint32
	// Pre are the dot-separated parts of the pre-release, nil for a release.
	Pre []string
}

// ParseVersion reads "1.2.3" or "1.2.3-rc.1".
func ParseVersion(s string) (v Version, ok bool) {
	if len(s) > maxName {
		return v, false
	}
	core, pre, hasPre := strings.Cut(s, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return v, false
	}
	for i, n := range []*uint32{&v.Major, &v.Minor, &v.Patch} {
		if *n, ok = versionNumber(parts[i]); !ok {
			return v, false
		}
	}
	if !hasPre {
		return v, true
	}
	v.Pre = strings.Split(pre, ".")
	for _, p := range v.Pre {
		if !prePart(p) {
			return v, false
		}
	}
	return v, true
}

// versionNumber reads a decimal number without leading zeros.
func versionNumber(s string) (uint32, bool) {
	if s == "" || s[0] == '+' || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil
}

// prePart reports whether s may be one part of a pre-release: letters, digits
// and "-", and no leading zero if it is a number.
func prePart(s string) bool {
	number := true
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-':
			number = false
		default:
			return false
		}
	}
	return s != "" && (!number || len(s) == 1 || s[0] != '0')
}

// Compare orders versions as semver.org's section 11 says: negative if v comes
// before w.
func (v Version) Compare(w Version) int {
	if c := cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch)); c != 0 {
		return c
	}
	if len(v.Pre) == 0 || len(w.Pre) == 0 {
		// A release comes after its pre-releases.
		return cmp.Compare(len(w.Pre), len(v.Pre))
	}
	for i := 0; i < len(v.Pre) && i < len(w.Pre); i++ {
		if c := comparePre(v.Pre[i], w.Pre[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.Pre), len(w.Pre))
}

// comparePre orders two parts: numbers by value and before words.
func comparePre(a, b string) int {
	an, bn := isNumber(a), isNumber(b)
	switch {
	case an && bn:
		// No leading zeros, so the longer number is the greater one.
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case an:
		return -1
	case bn:
		return 1
	}
	return cmp.Compare(a, b)
}

func isNumber(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}
