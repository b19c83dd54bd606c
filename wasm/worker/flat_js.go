//go:build js

package main

import (
	"github.com/hack-pad/safejs"

	"larder/wasm/bridge"
)

// readMessage reads what arrived: text, or a list of text and things. It costs a few calls
// of the host, however many fields there are.
func readMessage(v safejs.Value) (any, error) {
	first := v
	if bridge.Is(v, "Array") {
		var err error
		if first, err = v.Index(0); err != nil {
			return nil, err
		}
	}
	text, err := first.String()
	if err != nil {
		return nil, err
	}
	return readFlat(text, func(i int) (any, error) { return v.Index(i) })
}

// flatMessage is the reverse of readMessage.
func flatMessage(tree map[string]any) any {
	text, things := writeFlat(tree)
	if things == nil {
		return text
	}
	list := []any{text}
	for _, v := range things {
		if b, ok := v.(*bridge.Blob); ok {
			v = b.JSValue()
		}
		list = append(list, v)
	}
	return list
}
