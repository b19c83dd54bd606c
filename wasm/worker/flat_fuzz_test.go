//go:build !js

package main

import "testing"

// FuzzReadFlat is for native runs: in a browser there are no files for its corpus.
func FuzzReadFlat(f *testing.F) {
	f.Add(marked(`{"id":7,"params":[null,true,-1e9,"^3","^^"]}`))
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = readFlat(text, numbered)
	})
}
