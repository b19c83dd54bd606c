package registry

import (
	"sort"
	"strings"
)

// maxNear is how many suggestions an error makes.
const maxNear = 10

// unknown is the error for a model that the index does not list.
func (ix *Index) unknown(name string) error {
	near := ix.near(name)
	detail := "the registry has no model of this name"
	if len(near) > 0 {
		detail += "; it has " + strings.Join(near, ", ")
	}
	return &Error{Code: NotFound, Op: "resolve", Path: name, Detail: detail, Near: near}
}

// near returns the names that look most like name: those within a third of its length
// in typing errors, or the first ones of the index if none is that close.
func (ix *Index) near(name string) []string {
	type scored struct {
		name     string
		distance int
	}
	var close []scored
	if len(name) <= maxName {
		for _, m := range ix.Models {
			d := distance(name, m.Name)
			if strings.Contains(m.Name, name) || strings.Contains(name, m.Name) {
				d = min(d, 1)
			}
			if d <= max(2, len(name)/3) {
				close = append(close, scored{m.Name, d})
			}
		}
	}
	sort.SliceStable(close, func(i, j int) bool { return close[i].distance < close[j].distance })
	var out []string
	for _, s := range close[:min(len(close), maxNear)] {
		out = append(out, s.name)
	}
	if out == nil {
		for _, m := range ix.Models[:min(len(ix.Models), maxNear)] {
			out = append(out, m.Name)
		}
	}
	return out
}

// distance counts the bytes to insert, delete or replace to get from a to b
// (Levenshtein 1966).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
