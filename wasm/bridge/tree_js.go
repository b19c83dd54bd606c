//go:build js

package bridge

import (
	"fmt"

	"github.com/hack-pad/safejs"
)

// Bounds of a tree that ToGo reads.
const (
	maxDepth   = 16
	maxNodes   = 4 << 20   // a tensor of strings has one node for each
	maxStrings = 256 << 20 // bytes of all strings
)

// ToGo copies a tree of plain JavaScript values: null and undefined become nil,
// and there are bool, float64, string, []any for arrays and map[string]any for
// plain objects. Every other object (a Blob, a typed array, a function, a Map)
// stays what it is, as a safejs.Value. Trees that are too deep or too large, as
// every cyclic one is, are an error.
func ToGo(v safejs.Value) (any, error) {
	r := reader{nodes: maxNodes, bytes: maxStrings}
	return r.read(v, 0)
}

type reader struct{ nodes, bytes int }

func (r *reader) read(v safejs.Value, depth int) (any, error) {
	r.nodes--
	if r.nodes < 0 || depth > maxDepth {
		return nil, &Error{Op: "read", Message: "the value is nested too deeply or has too many parts"}
	}
	switch kindOf(v) {
	case safejs.TypeUndefined, safejs.TypeNull:
		if !v.IsNull() && !v.IsUndefined() {
			return v, nil // a bigint
		}
		return nil, nil
	case safejs.TypeBoolean:
		return v.Bool()
	case safejs.TypeNumber:
		return v.Float()
	case safejs.TypeString:
		return r.text(v)
	case safejs.TypeObject:
		return r.object(v, depth)
	}
	return v, nil
}

func (r *reader) text(v safejs.Value) (any, error) {
	// The length in UTF-16 units is known before the copy; in UTF-8 it is at
	// most three times that. Only the object around a string tells it to Go.
	boxed, err := class("Object").Invoke(v)
	if err != nil {
		return nil, wrap("read", err)
	}
	if r.bytes -= 3 * integer(boxed, "length"); r.bytes < 0 {
		return nil, &Error{Op: "read", Message: "the strings are too long"}
	}
	s, err := v.String()
	return s, wrap("read", err)
}

func (r *reader) object(v safejs.Value, depth int) (any, error) {
	if Is(v, "Array") {
		return r.array(v, depth)
	}
	if !isPlain(v) {
		return v, nil
	}
	keys, err := class("Object").Call("keys", v)
	if err != nil {
		return nil, wrap("read", err)
	}
	n, err := keys.Length()
	if err != nil {
		return nil, wrap("read", err)
	}
	if n > r.nodes {
		return nil, &Error{Op: "read", Message: fmt.Sprintf("an object has %d fields", n)}
	}
	out := make(map[string]any, n)
	for i := range n {
		key, err := keys.Index(i)
		if err != nil {
			return nil, wrap("read", err)
		}
		name := text(key)
		field, err := v.Get(name)
		if err != nil {
			return nil, wrap("read", err)
		}
		if out[name], err = r.read(field, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *reader) array(v safejs.Value, depth int) (any, error) {
	n, err := v.Length()
	if err != nil {
		return nil, wrap("read", err)
	}
	if n > r.nodes {
		return nil, &Error{Op: "read", Message: fmt.Sprintf("an array has %d entries", n)}
	}
	out := make([]any, n)
	for i := range out {
		entry, err := v.Index(i)
		if err != nil {
			return nil, wrap("read", err)
		}
		if out[i], err = r.read(entry, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// isPlain reports whether v was made by {} or JSON.parse, also in another realm,
// or has no prototype.
func isPlain(v safejs.Value) bool {
	proto, err := class("Object").Call("getPrototypeOf", v)
	if err != nil {
		return false
	}
	if proto.IsNull() {
		return true
	}
	above, err := class("Object").Call("getPrototypeOf", proto)
	return err == nil && above.IsNull() && ClassName(v) == "Object"
}
