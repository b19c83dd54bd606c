package main

import (
	"fmt"
	"strconv"

	"github.com/go-faster/jx"

	"larder/wasm/message"
)

// maxDepth bounds how deep a message is nested.
const maxDepth = 16

// mark begins what is no text. JSON needs no escape for it: reading one is a part of
// worker-more.wasm.
const mark = 0x7f

// readFlat reads a message in the form that web/static/larder.js gives it: text, in
// which a mark and a number stand for what thing(number) returns. The result is a tree of
// nil, bool, float64, string, []any, map[string]any and of such things.
func readFlat(text string, thing func(i int) (any, error)) (any, error) {
	v, err := flatReader{thing}.read(jx.DecodeBytes([]byte(text)), 0)
	if err != nil {
		return nil, fault(message.CodeInvalidInput, "a message cannot be read: %v", err)
	}
	return v, nil
}

type flatReader struct{ thing func(int) (any, error) }

func (r flatReader) read(d *jx.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	switch d.Next() {
	case jx.Null:
		return nil, d.Null()
	case jx.Bool:
		return d.Bool()
	case jx.Number:
		return d.Float64()
	case jx.String:
		s, err := d.Str()
		if err != nil || s == "" || s[0] != mark {
			return s, err
		}
		if s = s[1:]; s != "" && s[0] == mark {
			return s, nil
		}
		i, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return nil, err
		}
		return r.thing(int(i))
	case jx.Array:
		list := []any{}
		err := d.Arr(func(d *jx.Decoder) error {
			v, err := r.read(d, depth+1)
			list = append(list, v)
			return err
		})
		return list, err
	}
	m := map[string]any{}
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		name := string(key)
		v, err := r.read(d, depth+1)
		m[name] = v
		return err
	})
	return m, err
}
