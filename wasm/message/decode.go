package message

import (
	"fmt"
	"math"
)

// Bounds on what a message may hold. They are far above what Larder sends and
// far below what would hurt.
const (
	maxName    = 256       // names of models, versions, ports, events, labels
	maxURL     = 8 << 10   // addresses
	maxText    = 64 << 10  // explanations for people
	maxDoc     = 4 << 20   // a manifest
	maxList    = 64 << 10  // entries of a list: classes, labels, cached models
	maxPorts   = 4096      // inputs or outputs of a model
	maxRank    = 32        // dimensions of a tensor
	maxItems   = 1 << 20   // values in a sequence, those inside them included
	maxNested  = 4         // depth of sequences, optionals and maps
	maxSafeInt = 1<<53 - 1 // the largest whole number that JavaScript keeps exactly
)

// fields reads the fields of one object and keeps the first error, so that a
// decoder reads as a list of fields. Its path is the prefix of error texts.
type fields struct {
	path string
	m    map[string]any
	err  *error
}

// open starts reading v, which must be an object.
func open(what string, v any, err *error) fields {
	f := fields{path: what, err: err}
	m, ok := v.(map[string]any)
	if !ok || m == nil {
		f.fail("", "is not an object")
	}
	f.m = m
	return f
}

// fail keeps the first error of the whole message.
func (f fields) fail(name, format string, args ...any) {
	if *f.err != nil {
		return
	}
	at := f.path
	if name != "" {
		at += "." + name
	}
	*f.err = &Error{Code: CodeInvalidInput, Message: "message: " + at + " " + fmt.Sprintf(format, args...)}
}

// has reports whether the field is there and is not null.
func (f fields) has(name string) bool { return f.m[name] != nil }

// text returns a string of at most max bytes; a missing one is "".
func (f fields) text(name string, max int) string {
	v, ok := f.m[name]
	if !ok || v == nil {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		f.fail(name, "is not a string")
		return ""
	}
	if len(s) > max {
		f.fail(name, "has %d bytes, more than %d", len(s), max)
		return ""
	}
	return s
}

// must returns a string that may not be missing or empty.
func (f fields) must(name string, max int) string {
	s := f.text(name, max)
	if s == "" {
		f.fail(name, "is missing")
	}
	return s
}

// number returns a finite number; a missing one is 0.
func (f fields) number(name string) float64 {
	v, ok := f.m[name]
	if !ok || v == nil {
		return 0
	}
	n, ok := toFloat(v)
	if !ok || math.IsNaN(n) || math.IsInf(n, 0) {
		f.fail(name, "is not a finite number")
		return 0
	}
	return n
}

// integer returns a whole number in [low, high]; a missing one is 0, unless
// that is out of range.
func (f fields) integer(name string, low, high int64) int64 {
	n := f.number(name)
	if n != math.Trunc(n) || n < float64(low) || n > float64(high) {
		f.fail(name, "is %v, not a whole number from %d to %d", n, low, high)
		return max(low, 0)
	}
	return int64(n)
}

// count returns a whole number that is not negative.
func (f fields) count(name string) int64 { return f.integer(name, 0, maxSafeInt) }

// flag returns a bool; a missing one is false.
func (f fields) flag(name string) bool {
	v, ok := f.m[name]
	if !ok || v == nil {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.fail(name, "is not a boolean")
	}
	return b
}

// object returns a nested object, for decoding with its own fields.
func (f fields) object(name string) fields { return open(f.path+"."+name, f.m[name], f.err) }

// entries returns a nested object of at most max fields with names of its own; a
// missing one is empty.
func (f fields) entries(name string, max int) fields {
	if !f.has(name) {
		return fields{path: f.path + "." + name, err: f.err}
	}
	o := f.object(name)
	if len(o.m) > max {
		f.fail(name, "has %d entries, more than %d", len(o.m), max)
		o.m = nil
	}
	for key := range o.m {
		if len(key) > maxName {
			f.fail(name, "has a name of %d bytes, more than %d", len(key), maxName)
			o.m = nil
		}
	}
	return o
}

// list returns an array of at most max entries; a missing one is empty.
func (f fields) list(name string, max int) []any {
	v, ok := f.m[name]
	if !ok || v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		f.fail(name, "is not an array")
		return nil
	}
	if len(l) > max {
		f.fail(name, "has %d entries, more than %d", len(l), max)
		return nil
	}
	return l
}

// texts returns an array of strings.
func (f fields) texts(name string, max, length int) []string {
	l := f.list(name, max)
	out := make([]string, 0, len(l))
	for i, v := range l {
		s, ok := v.(string)
		if !ok || len(s) > length {
			f.fail(name, "[%d] is not a string of at most %d bytes", i, length)
			return nil
		}
		out = append(out, s)
	}
	return out
}

// each decodes every entry of an array of objects with one function.
func each[T any](f fields, name string, max int, decode func(fields) T) []T {
	l := f.list(name, max)
	out := make([]T, 0, len(l))
	for i, v := range l {
		out = append(out, decode(open(fmt.Sprintf("%s.%s[%d]", f.path, name, i), v, f.err)))
		if *f.err != nil {
			return nil
		}
	}
	return out
}

// encodeEach is the other direction of each, for n entries. It knows no types, so that it is
// compiled once.
func encodeEach(n int, at func(i int) map[string]any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = at(i)
	}
	return out
}

// anys turns strings into the []any that a message carries.
func anys(list []string) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// orNull turns an empty string into null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func toFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}
