//go:build js

package main

import "github.com/hack-pad/safejs"

// readMessage reads what arrived from the page. It costs a few calls of the host, however
// many fields there are.
func readMessage(v safejs.Value) (any, error) {
	flatten, err := safejs.Global().Get("larderFlatten")
	if err != nil {
		return nil, err
	}
	flat, err := flatten.Invoke(v)
	if err != nil {
		return nil, err
	}
	first, err := flat.Index(0)
	if err != nil {
		return nil, err
	}
	text, err := first.String()
	if err != nil {
		return nil, err
	}
	return readFlat(text, func(i int) (any, error) { return flat.Index(i) })
}
