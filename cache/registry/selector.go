package registry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// Latest is the selector that "" stands for: the alias of this name, or the newest
// version if the index has no such alias.
const Latest = "latest"

// Selector says which versions of a model are wanted.
//
//	"" latest stable     the alias of this name ("" is latest)
//	1.2.3  1.3.0-rc.1    exactly this version
//	^1.2.3  ^1.2  ^1     not older, and compatible: same major number; below 1.0.0 the
//	                     first number that is not zero is the one that must stay
//	~1.2.3  ~1.2         not older, same major and minor number
//	~1  1  1.2           whatever begins with these numbers
//
// A pre-release satisfies a range only if the range itself names a pre-release of the
// same three numbers, as in ^2.0.0-rc.1.
type Selector struct {
	text  string
	kind  selectorKind
	low   string // canonical, with "v": the least version of a range
	limit string // canonical, with "v": the first version beyond a range
}

type selectorKind int

const (
	byAlias selectorKind = iota
	byVersion
	byRange
)

// ParseSelector reads a selector. Errors: InvalidInput.
func ParseSelector(s string) (Selector, error) {
	if s == "" {
		s = Latest
	}
	bad := func() (Selector, error) {
		return Selector{}, &Error{Code: InvalidInput, Op: "resolve", Detail: "version " + quote(s) +
			` is not understood: want a version as 1.2.3, a range as ^1, ~1.2 or 1.2, or an alias as latest`}
	}
	switch {
	case len(s) > maxName:
		return bad()
	case checkVersion(s) == nil:
		return Selector{text: s, kind: byVersion, low: "v" + s}, nil
	case checkAlias(s) == nil:
		return Selector{text: s, kind: byAlias}, nil
	}
	op, rest := s[0], s[1:]
	if op != '^' && op != '~' {
		op, rest = 0, s
	}
	if checkVersion(rest) != nil && strings.ContainsAny(rest, "-+") || !semver.IsValid("v"+rest) {
		return bad()
	}
	var n [3]uint64
	parts := strings.Split(strings.SplitN(rest, "-", 2)[0], ".")
	for i, p := range parts {
		var err error
		if n[i], err = strconv.ParseUint(p, 10, 62); err != nil {
			return bad()
		}
	}
	return Selector{text: s, kind: byRange, low: semver.Canonical("v" + rest), limit: limit(op, n, len(parts))}, nil
}

// limit returns the first version beyond the range of op and the first given numbers.
func limit(op byte, n [3]uint64, given int) string {
	keep := min(given, 2) - 1 // ~ and plain numbers: the last number that must stay
	if op == '^' {
		keep = 0
		for keep < given-1 && n[keep] == 0 {
			keep++
		}
	}
	n[keep]++
	clear(n[keep+1:])
	return fmt.Sprintf("v%d.%d.%d", n[0], n[1], n[2])
}

// String returns the selector as it was written, "latest" for "".
func (s Selector) String() string { return s.text }

// IsLatest reports whether the selector is "latest".
func (s Selector) IsLatest() bool { return s.text == Latest }

// IsVersion reports whether the selector names one version exactly.
func (s Selector) IsVersion() bool { return s.kind == byVersion }

// Match reports whether a version satisfies the selector by itself. An alias matches
// none: only the index knows.
func (s Selector) Match(version string) bool {
	v := "v" + version
	switch s.kind {
	case byVersion:
		return v == s.low
	case byAlias:
		return false
	}
	if checkVersion(version) != nil || semver.Compare(v, s.low) < 0 || semver.Compare(v, s.limit) >= 0 {
		return false
	}
	return semver.Prerelease(v) == "" || semver.Prerelease(s.low) != "" && core(v) == core(s.low)
}

// core is a version without its pre-release.
func core(v string) string { return strings.TrimSuffix(v, semver.Prerelease(v)) }

// Best returns the newest of the versions that match, or "".
func (s Selector) Best(versions []string) string {
	best := ""
	for _, v := range versions {
		if s.Match(v) && (best == "" || CompareVersions(v, best) > 0) {
			best = v
		}
	}
	return best
}

// Resolve returns the version of a model that a selector stands for. Errors: NotFound,
// with what there is in Near.
func (ix *Index) Resolve(name string, s Selector) (string, error) {
	m := ix.Model(name)
	if m == nil {
		return "", ix.unknown(name)
	}
	if v, ok := m.Aliases[s.text]; ok {
		return v, nil
	}
	if s.IsLatest() {
		return newest(m.Versions), nil
	}
	if v := s.Best(m.Versions); v != "" {
		return v, nil
	}
	near := slices.Clone(m.Versions)
	slices.Reverse(near)
	near = near[:min(len(near), maxNear)]
	return "", &Error{Code: NotFound, Op: "resolve", Path: name, Near: near,
		Detail: fmt.Sprintf("no version matches %s; there are %s", quote(s.text), strings.Join(near, ", "))}
}

// newest returns the newest release, or the newest pre-release if there is nothing
// else. versions are ordered.
func newest(versions []string) string {
	for _, v := range slices.Backward(versions) {
		if semver.Prerelease("v"+v) == "" {
			return v
		}
	}
	return versions[len(versions)-1]
}
