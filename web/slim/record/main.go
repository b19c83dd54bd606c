// Record writes a form of a Go program for the browser that reports which of its
// functions run (slim.Recording), and the functions' names as JSON:
//
//	go run ./web/slim/record PROGRAM.wasm RECORDING.wasm NAMES.json
//
// web/e2e/record.mjs runs it in Chromium, see ./build.sh record.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"larder/web/slim"
)

func main() {
	if err := record(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(files []string) error {
	if len(files) != 3 {
		return fmt.Errorf("want three file names, got %d", len(files))
	}
	module, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	recording, names, err := slim.Recording(module)
	if err != nil {
		return err
	}
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	if err := os.WriteFile(files[1], recording, 0o666); err != nil {
		return err
	}
	return os.WriteFile(files[2], text, 0o666)
}
