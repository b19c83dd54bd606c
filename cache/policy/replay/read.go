package main

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ulikunitz/xz"
)

// public lists traces that others have published, by the names of their files:
// gli, loop (LIRS), oltp, p3 (ARC), trace_vaultservice (Corda) and scarab-recs in
// maypok86/otter, benchmarks/simulator/trace; request (AdaptSize, with sizes) in
// ben-manes/caffeine, simulator. Those without sizes are replayed with entries of one
// byte and one cost.
var public = []struct {
	file    string
	name    string
	read    func(io.Reader) ([]request, error)
	budgets []int64
	unit    string
	scale   int64
}{
	{"gli.gz", "Glimpse (LIRS)", readLines, []int64{500, 1000}, "entries", 1},
	{"loop.gz", "Loop (LIRS)", readLines, []int64{500, 1000}, "entries", 1},
	{"oltp.gz", "OLTP (ARC)", readRuns, []int64{500, 2000}, "entries", 1},
	{"p3.gz", "P3 (ARC)", readRuns, []int64{25_000, 200_000}, "entries", 1},
	{"trace_vaultservice.gz", "Corda", readWords, []int64{1000}, "entries", 1},
	{"scarab-recs.trace.xz", "Scarab recs", readWords, []int64{10_000, 100_000}, "entries", 1},
	{"request.trace.xz", "AdaptSize requests", readSized, []int64{4 * mb, 64 * mb}, "MB", mb},
}

// readTraces reads those public traces that are in a folder.
func readTraces(dir string) ([]trace, error) {
	var out []trace
	for _, p := range public {
		requests, err := readTrace(filepath.Join(dir, p.file), p.read)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.file, err)
		}
		out = append(out, trace{p.name, requests, p.budgets, p.unit, p.scale})
	}
	return out, nil
}

func readTrace(path string, read func(io.Reader) ([]request, error)) ([]request, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader
	if strings.HasSuffix(path, ".xz") {
		r, err = xz.NewReader(bufio.NewReader(f))
	} else {
		r, err = gzip.NewReader(bufio.NewReader(f))
	}
	if err != nil {
		return nil, err
	}
	return read(bufio.NewReader(r))
}

// readLines reads a number a line; lines of other things are passed over.
func readLines(r io.Reader) ([]request, error) {
	return scan(r, func(line string) (out []request) {
		var key uint64
		if n, _ := fmt.Sscan(line, &key); n == 1 {
			out = append(out, request{key, 1, 1})
		}
		return out
	})
}

// readRuns reads lines of a first block and how many follow.
func readRuns(r io.Reader) ([]request, error) {
	return scan(r, func(line string) (out []request) {
		var first, n uint64
		if k, _ := fmt.Sscan(line, &first, &n); k == 2 && n < 1<<20 {
			for i := range n {
				out = append(out, request{first + i, 1, 1})
			}
		}
		return out
	})
}

// readSized reads lines of time, key and bytes.
func readSized(r io.Reader) ([]request, error) {
	return scan(r, func(line string) (out []request) {
		var at, key uint64
		var n int64
		if k, _ := fmt.Sscan(line, &at, &key, &n); k == 3 && n > 0 {
			out = append(out, request{key, n, fetchCost(n)})
		}
		return out
	})
}

func scan(r io.Reader, parse func(string) []request) ([]request, error) {
	var out []request
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		out = append(out, parse(lines.Text())...)
	}
	return out, lines.Err()
}

// readWords reads keys of eight bytes.
func readWords(r io.Reader) ([]request, error) {
	var out []request
	var word [8]byte
	for {
		_, err := io.ReadFull(r, word[:])
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, request{binary.BigEndian.Uint64(word[:]), 1, 1})
	}
}
