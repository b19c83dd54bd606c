package state

import (
	"time"

	"larder/wasm/message"
)

// TimingView is one part of the time that an answer took.
type TimingView struct {
	Label string
	Text  string // "12 ms"
	Value string // the part's share of the total from 0 to 1, for a meter
	Total bool   // the sum of the others
}

// newTimings splits the time of an answer. A negative render has not been
// measured yet.
func newTimings(t message.Timing, render time.Duration) []TimingView {
	shown := float64(render) / float64(time.Millisecond)
	parts := []struct {
		label string
		ms    float64
	}{
		{"Decode", t.Decode},
		{"Preprocess", t.Preprocess},
		{"Infer", t.Infer},
		{"Postprocess", t.Postprocess},
		{"Render", shown},
	}
	total := 0.0
	for _, p := range parts {
		total += max(p.ms, 0)
	}
	list := make([]TimingView, 0, len(parts)+1)
	for _, p := range parts {
		share := 0.0
		if total > 0 {
			share = max(p.ms, 0) / total
		}
		list = append(list, TimingView{Label: p.label, Text: milliseconds(p.ms), Value: decimal(share, 4)})
	}
	return append(list, TimingView{Label: "Total", Text: milliseconds(total), Value: "1.0000", Total: true})
}
