//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "edge: this program runs in a Cloudflare Worker: build it with GOOS=js GOARCH=wasm")
	os.Exit(2)
}
