package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	dir := flag.String("traces", "", "folder with public traces")
	out := flag.String("out", "cache/policy/TABLE.md", "where --write writes")
	write := flag.Bool("write", false, "write the table instead of printing it")
	flag.Parse()
	if err := run(*dir, *out, *write); err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

func run(dir, out string, write bool) error {
	traces := synthetic()
	if dir != "" {
		public, err := readTraces(dir)
		if err != nil {
			return err
		}
		traces = append(traces, public...)
	}
	var b bytes.Buffer
	writeTable(&b, traces)
	if !write {
		_, err := os.Stdout.Write(b.Bytes())
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o666)
}
