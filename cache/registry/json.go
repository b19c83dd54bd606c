package registry

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-faster/jx"
)

// Bounds of index and manifest. They are far beyond what anybody publishes and
// keep a hostile document from costing more than a few times its own size.
const (
	// MaxDocument is the largest index or manifest in bytes.
	MaxDocument = 4 << 20
	// MaxChunk is the largest chunk in bytes.
	MaxChunk = 4 << 20
	// MaxFile is the largest file in bytes: what 32-bit linear memory can address.
	MaxFile   = 4 << 30
	maxModels = 1 << 17 // also versions and aliases of one model
	maxFiles  = 4096
	maxText   = 4096
	maxTTL    = 10 * 366 * 24 * 3600 // seconds
)

// fields maps the keys of an object to their readers; other keys are skipped.
type fields map[string]func(d *jx.Decoder) error

// readObject reads one object. A key that occurs twice is an error: two readers of
// the document could otherwise disagree on what it says.
func readObject(d *jx.Decoder, known fields, required ...string) error {
	seen := make(map[string]bool, len(known))
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		read, ok := known[string(key)]
		if !ok {
			return d.Skip()
		}
		if seen[string(key)] {
			return fmt.Errorf("%s: is there twice", key)
		}
		seen[string(key)] = true
		if err := read(d); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range required {
		if !seen[key] {
			return fmt.Errorf("%s: is missing", key)
		}
	}
	return nil
}

// readMap reads an object with free keys, at most most of them.
func readMap(d *jx.Decoder, most int, read func(d *jx.Decoder, key string) error) error {
	seen := map[string]bool{}
	return d.ObjBytes(func(d *jx.Decoder, raw []byte) error {
		key := string(raw)
		if len(seen) == most {
			return fmt.Errorf("more than %d entries", most)
		}
		if seen[key] {
			return fmt.Errorf("%s: is there twice", quote(key))
		}
		seen[key] = true
		if err := read(d, key); err != nil {
			return fmt.Errorf("%s: %w", quote(key), err)
		}
		return nil
	})
}

// readList reads an array of at most most elements.
func readList(d *jx.Decoder, most int, read func(d *jx.Decoder) error) error {
	n := 0
	return d.Arr(func(d *jx.Decoder) error {
		if n == most {
			return fmt.Errorf("more than %d elements", most)
		}
		if err := read(d); err != nil {
			return fmt.Errorf("[%d]: %w", n, err)
		}
		n++
		return nil
	})
}

func text(dst *string) func(*jx.Decoder) error {
	return func(d *jx.Decoder) error {
		s, err := d.Str()
		if err == nil && len(s) > maxText {
			err = fmt.Errorf("longer than %d bytes", maxText)
		}
		*dst = s
		return err
	}
}

func whole(dst *int64, most int64) func(*jx.Decoder) error {
	return func(d *jx.Decoder) error {
		n, err := d.Int64()
		if err == nil && (n < 0 || n > most) {
			err = fmt.Errorf("%d is not between 0 and %d", n, most)
		}
		*dst = n
		return err
	}
}

func digest(dst *Digest) func(*jx.Decoder) error {
	return func(d *jx.Decoder) error {
		s, err := d.Str()
		if err != nil {
			return err
		}
		for _, c := range []byte(s) {
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return errors.New("want lower-case hexadecimal digits")
			}
		}
		if len(s) != 2*len(dst) {
			return fmt.Errorf("%d hexadecimal digits, not %d", len(s), 2*len(dst))
		}
		_, err = hex.Decode(dst[:], []byte(s))
		return err
	}
}

// decode reads a whole document: its size, its schema number, then its fields. The
// schema comes first, wherever it stands, because a newer document may break any
// other rule. A byte-order mark, with which some editors begin a file, is no part of it.
func decode(what string, data []byte, known fields, required ...string) error {
	invalid := func(err error) error {
		return &Error{Code: Invalid, Op: what, Detail: "not a valid " + what, Err: err}
	}
	if len(data) > MaxDocument {
		return invalid(fmt.Errorf("longer than %d bytes", MaxDocument))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	schema := int64(-1)
	d := jx.DecodeBytes(data)
	if err := readObject(d, fields{"schema": whole(&schema, 1<<31)}, "schema"); err != nil {
		// jx wraps a syntax error once for each level of nesting: the text of the
		// whole chain would be quadratic in a hostile document's depth.
		if broken := jx.DecodeBytes(data).Validate(); broken != nil {
			err = innermost(broken)
		}
		return invalid(err)
	}
	if d.Next() != jx.Invalid {
		return invalid(errors.New("something follows after the document"))
	}
	if schema > Schema {
		return &Error{Code: Newer, Op: what, Detail: fmt.Sprintf(
			"made by a newer Larder (schema %d, this one reads up to %d): update this page or program", schema, Schema)}
	}
	if schema < 1 {
		return invalid(fmt.Errorf("schema: %d", schema))
	}
	known["schema"] = func(d *jx.Decoder) error { return d.Skip() }
	if err := readObject(jx.DecodeBytes(data), known, required...); err != nil {
		return invalid(err)
	}
	return nil
}

// innermost returns the first cause.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
