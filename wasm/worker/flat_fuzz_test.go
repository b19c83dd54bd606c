//go:build !js

package main

import (
	"strings"
	"testing"
)

// FuzzReadFlat also writes what it has read. It is for native runs: in a browser there are no files for its corpus.
func FuzzReadFlat(f *testing.F) {
	f.Add(marked(`{"id":7,"params":[null,true,-1e9,"^3","^^"]}`))
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := readFlat(text, numbered)
		if err == nil && !strings.Contains(text, "\x7f") { // where a thing is text, it is no thing any more
			again(t, tree)
		}
	})
}
