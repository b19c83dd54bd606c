package optest

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var (
	update = flag.Bool("update", false, "rewrite testdata/pass.txt from what passes")
	only   = flag.String("case", "", "run only cases whose name contains this")
)

const (
	passFile = "testdata/pass.txt"
	skipFile = "testdata/skip.txt"
)

// TestSuite runs every case of the suite and compares with pass.txt.
func TestSuite(t *testing.T) {
	src, err := openSource()
	if errors.Is(err, errNoCases) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := newSuite(t, src.files)
	for _, dir := range directories {
		t.Run(dir, func(t *testing.T) { s.directory(t, dir) })
	}
	switch {
	case *only != "":
	case *update:
		s.rewrite(t)
	case src.whole:
		s.strict(t)
	default:
		s.listed(t)
	}
}

// TestSelection runs the committed cases, all of which must pass.
func TestSelection(t *testing.T) {
	s := newSuite(t, os.DirFS("testdata/cases"))
	for _, dir := range directories {
		s.directory(t, dir)
	}
	if *only != "" {
		return
	}
	if len(s.outcomes) < 30 {
		t.Errorf("only %d cases were found", len(s.outcomes))
	}
	for name, o := range s.outcomes {
		if o != pass {
			t.Errorf("%s does not pass", name)
		}
	}
}

// suite collects outcomes.
type suite struct {
	files    fs.FS
	expect   map[string]string // pass.txt
	skip     map[string]string // skip.txt
	outcomes map[string]outcome
}

func newSuite(t *testing.T, files fs.FS) *suite {
	t.Helper()
	expect, err := list(passFile)
	if err != nil {
		t.Fatal(err)
	}
	skip, err := list(skipFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, reason := range skip {
		if reason == "" {
			t.Errorf("%s: %s has no reason", skipFile, name)
		}
		if _, both := expect[name]; both {
			t.Errorf("%s is in both lists", name)
		}
	}
	return &suite{files, expect, skip, map[string]outcome{}}
}

// directory runs the cases of one directory and prints how many did what.
func (s *suite) directory(t *testing.T, dir string) {
	names, err := cases(s.files, dir)
	if err != nil {
		t.Fatal(err)
	}
	var count [skipped + 1]int
	for _, name := range names {
		if !strings.Contains(name, *only) {
			continue
		}
		o, why := skipped, s.skip[name]
		if why == "" {
			o, why = runCase(s.files, name)
		}
		s.outcomes[name] = o
		count[o]++
		switch {
		case o == fail:
			t.Errorf("%s: %s", name, why)
		case o == unsupported && testing.Verbose():
			t.Logf("%s: unsupported: %s", name, why)
		}
	}
	if n := count[pass] + count[fail] + count[unsupported] + count[skipped]; n > 0 {
		fmt.Printf("%-17s %4d cases: %4d pass, %d fail, %d unsupported, %d skipped\n",
			dir, n, count[pass], count[fail], count[unsupported], count[skipped])
	}
}

// strict compares with pass.txt in both directions.
func (s *suite) strict(t *testing.T) {
	s.listed(t)
	for _, name := range slices.Sorted(maps.Keys(s.expect)) {
		if _, ran := s.outcomes[name]; !ran {
			t.Errorf("%s is in %s and not among the cases: remove it", name, passFile)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.outcomes)) {
		if _, ok := s.expect[name]; !ok && s.outcomes[name] == pass {
			t.Errorf("%s passes and is not in %s: add it", name, passFile)
		}
	}
}

// listed checks that what ran and is listed has passed.
func (s *suite) listed(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(s.outcomes)) {
		if _, ok := s.expect[name]; ok && s.outcomes[name] != pass {
			t.Errorf("%s is in %s and does not pass any more", name, passFile)
		}
	}
}

// rewrite lists what passes, and keeps names that are not among these cases.
func (s *suite) rewrite(t *testing.T) {
	names := map[string]bool{}
	for name := range s.expect {
		if _, ran := s.outcomes[name]; !ran {
			names[name] = true
		}
	}
	for name, o := range s.outcomes {
		if o == pass {
			names[name] = true
		}
	}
	text := "# Cases of ONNX's operator suite that must pass. Written by -update; see doc.go.\n" +
		strings.Join(slices.Sorted(maps.Keys(names)), "\n") + "\n"
	if err := os.WriteFile(passFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
