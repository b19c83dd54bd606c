package pack

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// MaxDocument is the longest manifest or index that is read, in bytes. It
// bounds everything that decoding allocates.
const MaxDocument = 4 << 20

// reader walks one JSON document and puts the path of the field into every
// error. Its methods read the next value into dst.
type reader struct{ d *jx.Decoder }

// field reads the value of one field; at is the field's path.
type field func(at string) error

// unmarked drops a byte-order mark, with which some editors begin a file.
func unmarked(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// document reads one whole JSON object with read, and names doc in errors.
func document(doc string, data []byte, read func(r reader) error) error {
	err := func() error {
		if len(data) > MaxDocument {
			return invalid("", "longer than "+strconv.Itoa(MaxDocument)+" bytes")
		}
		// Syntax first: from here on an error is about one field.
		if err := jx.DecodeBytes(data).Validate(); err != nil {
			return &Error{Code: Invalid, Reason: "is not valid JSON: " + innermost(err).Error()}
		}
		return read(reader{jx.DecodeBytes(data)})
	}()
	var e *Error
	if errors.As(err, &e) {
		e.Doc = doc
		return e
	}
	if err != nil {
		return &Error{Code: Invalid, Doc: doc, Reason: innermost(err).Error()}
	}
	return nil
}

// innermost returns the first cause. jx wraps an error once for each level of
// nesting, so that the text of the whole chain is quadratic in a hostile
// document's depth.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// want checks the type of the next value.
func (r reader) want(at string, t jx.Type) error {
	if got := r.d.Next(); got != t {
		return invalid(at, "want "+typeName(t)+", got "+typeName(got))
	}
	return nil
}

func typeName(t jx.Type) string {
	switch t {
	case jx.Object, jx.Array:
		return "an " + t.String()
	}
	return "a " + t.String()
}

// object reads an object field by field. Unknown fields are skipped. A field
// that is given twice is an error: two readers might believe different ones.
func (r reader) object(at string, known map[string]field, required ...string) error {
	if err := r.want(at, jx.Object); err != nil {
		return err
	}
	seen := make(map[string]bool, len(known))
	err := r.d.Obj(func(d *jx.Decoder, key string) error {
		if seen[key] {
			return invalid(join(at, key), "is given twice")
		}
		seen[key] = true
		if read := known[key]; read != nil {
			return read(join(at, key))
		}
		return d.Skip()
	})
	if err != nil {
		return err
	}
	for _, key := range required {
		if !seen[key] {
			return invalid(join(at, key), "is missing")
		}
	}
	return nil
}

// members reads an object whose keys are data, in document order.
func (r reader) members(at string, most int, read func(at, key string) error) error {
	if err := r.want(at, jx.Object); err != nil {
		return err
	}
	seen := map[string]bool{}
	return r.d.Obj(func(_ *jx.Decoder, key string) error {
		switch {
		case !utf8.ValidString(key) || len(key) > maxPath:
			return invalid(at, "has a key that is too long or not UTF-8")
		case seen[key]:
			return invalid(join(at, key), "is given twice")
		case len(seen) == most:
			return invalid(at, "has more than "+strconv.Itoa(most)+" fields")
		}
		seen[key] = true
		return read(join(at, key), key)
	})
}

// join appends a key to a path; keys of a document are cut when long.
func join(at, key string) string {
	if len(key) > maxName {
		key = quote(key)
	}
	if at == "" {
		return key
	}
	return at + "." + key
}

// list reads an array of at most most elements, each with read.
func list[T any](r reader, at string, most int, dst *[]T, read func(at string, v *T) error) error {
	if err := r.want(at, jx.Array); err != nil {
		return err
	}
	return r.d.Arr(func(*jx.Decoder) error {
		if len(*dst) == most {
			return invalid(at, "has more than "+strconv.Itoa(most)+" elements")
		}
		var v T
		if err := read(index(at, len(*dst)), &v); err != nil {
			return err
		}
		*dst = append(*dst, v)
		return nil
	})
}

func index(at string, i int) string { return at + "[" + strconv.Itoa(i) + "]" }

func (r reader) text(at string, dst *string) error {
	if err := r.want(at, jx.String); err != nil {
		return err
	}
	s, err := r.d.Str()
	switch {
	case err != nil:
		return invalid(at, err.Error())
	case len(s) > maxText:
		return invalid(at, "is longer than "+strconv.Itoa(maxText)+" bytes")
	case !utf8.ValidString(s):
		return invalid(at, "is not valid UTF-8")
	}
	*dst = s
	return nil
}

// whole reads an integer of 0 to most.
func (r reader) whole(at string, most int64, dst *int64) error {
	if err := r.want(at, jx.Number); err != nil {
		return err
	}
	num, err := r.d.Num()
	if err != nil {
		return invalid(at, err.Error())
	}
	n, err := strconv.ParseInt(num.String(), 10, 64)
	if err != nil || n < 0 || n > most {
		return invalid(at, "want a whole number of 0 to "+strconv.FormatInt(most, 10))
	}
	*dst = n
	return nil
}

// size reads an integer that fits an int on every platform.
func (r reader) size(at string, dst *int) error {
	var n int64
	err := r.whole(at, math.MaxInt32, &n)
	*dst = int(n)
	return err
}

func (r reader) number(at string, dst *float64) error {
	if err := r.want(at, jx.Number); err != nil {
		return err
	}
	num, err := r.d.Num()
	if err != nil {
		return invalid(at, err.Error())
	}
	v, err := strconv.ParseFloat(num.String(), 64)
	if err != nil {
		return invalid(at, "want a number within the range of float64")
	}
	*dst = v
	return nil
}

func (r reader) digest(at string, dst *Digest) error {
	var s string
	if err := r.text(at, &s); err != nil {
		return err
	}
	d, ok := ParseDigest(s)
	if !ok {
		return invalid(at, "want a SHA-256 as 64 lower-case hexadecimal digits, got "+quote(s))
	}
	*dst = d
	return nil
}
