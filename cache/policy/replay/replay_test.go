package main

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"larder/cache/policy"
)

// of makes requests of one byte and one cost.
func of(keys ...uint64) []request {
	var out []request
	for _, k := range keys {
		out = append(out, request{k, 1, 1})
	}
	return out
}

func TestReplayByHand(t *testing.T) {
	requests := of(1, 2, 3, 1, 2, 3, 1, 1)
	tests := []struct {
		name string
		hits float64
		run  func() (float64, float64)
	}{
		{"lru", 1, func() (float64, float64) { return replay(policy.NewLRU(), requests, 2) }},
		{"lru with room", 5, func() (float64, float64) { return replay(policy.NewLRU(), requests, 3) }},
		{"too large for the budget", 0, func() (float64, float64) { return replay(policy.NewLRU(), requests, 0) }},
		{"ahead", 4, func() (float64, float64) { return ahead(requests, 2) }},
		{"ahead with room", 5, func() (float64, float64) { return ahead(requests, 3) }},
		{"bound with room", 5, func() (float64, float64) { return bound(requests, 3) }},
		{"bound of nothing", 0, func() (float64, float64) { return bound(requests, 0) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hits, saved := tt.run()
			if math.Abs(hits*8-tt.hits) > 1e-9 || math.Abs(saved-hits) > 1e-9 {
				t.Errorf("%v hits, want %v; saved %v", hits*8, tt.hits, saved*8)
			}
		})
	}
}

// TestNobodyBeatsTheBound replays the shorter traces.
func TestNobodyBeatsTheBound(t *testing.T) {
	for _, tr := range []trace{modelTrace("", 1, 6), modelTrace("", 12, 40), inputTrace()} {
		for _, budget := range tr.budgets {
			hits, saved := bound(tr.requests, budget)
			h, s := ahead(tr.requests, budget)
			if h > hits || s > saved {
				t.Errorf("the clairvoyant answers %v and saves %v, the bounds are %v and %v", h, s, hits, saved)
			}
			for _, p := range policy.All {
				if h, s := replay(p.New(), tr.requests, budget); h > hits || s > saved {
					t.Errorf("%s answers %v and saves %v, the bounds are %v and %v", p.Name, h, s, hits, saved)
				}
			}
		}
	}
}

// TestTableIsCurrent writes the rows of some traces again: the committed table must
// have them.
func TestTableIsCurrent(t *testing.T) {
	table, err := os.ReadFile("../TABLE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range []trace{modelTrace("models, one user", 1, 40), inputTrace(), loopTrace()} {
		for _, budget := range tr.budgets {
			var b bytes.Buffer
			writeRows(&b, tr, budget)
			if !strings.Contains(string(table), b.String()) {
				t.Errorf("TABLE.md lacks\n%sso write it again: go run ./cache/policy/replay --write", b.String())
			}
		}
	}
}

func TestReaders(t *testing.T) {
	if got, err := readLines(strings.NewReader("5\n*\n7\n")); err != nil || len(got) != 2 || got[1].key != 7 {
		t.Error(got, err)
	}
	if got, err := readRuns(strings.NewReader("10 3 0 0\nx\n1 99999999999 0\n")); err != nil || len(got) != 3 || got[2].key != 12 {
		t.Error(got, err)
	}
	if got, err := readSized(strings.NewReader("1 8 512\n2 9 -4\n")); err != nil || len(got) != 1 || got[0].bytes != 512 {
		t.Error(got, err)
	}
	if got, err := readWords(strings.NewReader("\x00\x00\x00\x00\x00\x00\x01\x02")); err != nil || len(got) != 1 || got[0].key != 258 {
		t.Error(got, err)
	}
	if _, err := readWords(strings.NewReader("abc")); err == nil {
		t.Error("half a word is read")
	}
	if got, err := readTraces(t.TempDir()); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}
