package main

import (
	"fmt"
	"io"

	"larder/cache/policy"
)

const preface = `# Policies on traces

Written by ` + "`go run ./cache/policy/replay --write`" + ` (with ` + "`--traces DIR`" + ` for the public traces); do not edit.
Percent. **hits**: requests answered from the cache. **saved**: of the cost of loading, 80 ms and the bytes at 6 MB/s for each
load, the same for each entry where there are no sizes. **bound**: no policy can do better (PFOO). **ahead**: a greedy policy that
knows the future; the optimum (Belady) where all entries are alike. Best policy in bold.

`

// writeTable replays every trace with every policy.
func writeTable(w io.Writer, traces []trace) {
	fmt.Fprint(w, preface, "| trace | budget | |")
	for _, p := range policy.All {
		fmt.Fprintf(w, " %s |", p.Name)
	}
	fmt.Fprint(w, " ahead | bound |\n|--|--|--|")
	for range len(policy.All) + 2 {
		fmt.Fprint(w, "--:|")
	}
	fmt.Fprintln(w)
	for _, t := range traces {
		for _, budget := range t.budgets {
			writeRows(w, t, budget)
		}
	}
}

func writeRows(w io.Writer, t trace, budget int64) {
	var hits, saved []float64
	add := func(h, s float64) { hits, saved = append(hits, h), append(saved, s) }
	for _, p := range policy.All {
		add(replay(p.New(), t.requests, budget))
	}
	add(ahead(t.requests, budget))
	add(bound(t.requests, budget))
	writeRow(w, fmt.Sprintf("| %s | %d %s | hits |", t.name, budget/t.scale, t.unit), hits)
	if t.requests[0].cost != 1 {
		writeRow(w, "| | | saved |", saved)
	}
}

func writeRow(w io.Writer, head string, shares []float64) {
	best := 0.0
	for _, x := range shares[:len(policy.All)] {
		best = max(best, x)
	}
	fmt.Fprint(w, head)
	for i, x := range shares {
		form := " %.2f |"
		if x == best && i < len(policy.All) {
			form = " **%.2f** |"
		}
		fmt.Fprintf(w, form, 100*x)
	}
	fmt.Fprintln(w)
}
