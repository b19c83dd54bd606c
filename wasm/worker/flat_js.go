//go:build js

package main

import (
	"unsafe"

	"github.com/hack-pad/safejs"

	"larder/wasm/bridge"
)

// readMessage reads what arrived: text, or a list of text and things. It costs a few calls
// of the host, however many fields there are. all is the message if that is text alone.
func readMessage(v safejs.Value) (tree any, all string, err error) {
	first := v
	list := bridge.Is(v, "Array")
	if list {
		if first, err = v.Index(0); err != nil {
			return nil, "", err
		}
	}
	text, err := first.String()
	if err != nil {
		return nil, "", err
	}
	if !list {
		all = text
	}
	tree, err = readFlat(text, func(i int) (any, error) { return v.Index(i) })
	return tree, all, err
}

// maxScratch bounds the memory that is kept for the next message.
const maxScratch = 64 << 10

// scratch is where a message is written; nil while somebody writes. Most of what a hit would
// leave to the collector is its text.
var scratch []byte

// postFlat sends a message, and gives the buffers away.
func postFlat(to bridge.Port, tree map[string]any, give ...safejs.Value) error {
	buffer := scratch
	scratch = nil
	text, things := writeFlat(buffer[:0], tree)
	err := to.Post(flatMessage(unsafe.String(unsafe.SliceData(text), len(text)), things), give...)
	if cap(text) <= maxScratch {
		scratch = text
	}
	return err
}

// flatMessage is what readMessage reads.
func flatMessage(text string, things []any) any {
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
