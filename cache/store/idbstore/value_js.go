//go:build js

package idbstore

import (
	"errors"
	"fmt"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// Readers of properties that other programs may have written: a value of the wrong
// type reads as the zero value or an error, never as a panic.

func stringAt(v safejs.Value, name string) string {
	p, err := v.Get(name)
	if err != nil || p.Type() != safejs.TypeString {
		return ""
	}
	s, _ := p.String()
	return s
}

func numberAt(v safejs.Value, name string) int64 {
	p, err := v.Get(name)
	if err != nil || p.Type() != safejs.TypeNumber {
		return 0
	}
	f, err := p.Float()
	// Beyond 2^53 a number is no count of anything.
	if err != nil || !(f > -(1<<53) && f < 1<<53) {
		return 0
	}
	return int64(f)
}

func boolAt(v safejs.Value, name string) bool {
	p, err := v.Get(name)
	if err != nil || p.Type() != safejs.TypeBoolean {
		return false
	}
	b, _ := p.Bool()
	return b
}

func digestAt(v safejs.Value, name string) (store.Digest, error) {
	return store.ParseDigest(stringAt(v, name))
}

// bytesAt copies the bytes of a property into Go's heap, at most most.
func bytesAt(v safejs.Value, name string, most int64) ([]byte, error) {
	p, err := v.Get(name)
	if err != nil {
		return nil, err
	}
	b, err := newBlob(p)
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		return nil, fmt.Errorf("%s has no bytes", name)
	case b.size > most:
		return nil, fmt.Errorf("%s has %d bytes", name, b.size)
	}
	return b.Bytes()
}

// list calls f for each element of an array.
func list(v safejs.Value, f func(safejs.Value) error) error {
	if v.Type() != safejs.TypeObject {
		return errors.New("no array")
	}
	n, err := v.Length()
	for i := 0; err == nil && i < n; i++ {
		var e safejs.Value
		if e, err = v.Index(i); err == nil {
			err = f(e)
		}
	}
	return err
}

func global(name string) (safejs.Value, error) {
	v, err := safejs.Global().Get(name)
	if err == nil && v.IsUndefined() {
		err = fmt.Errorf("this browser has no %s", name)
	}
	return v, err
}
