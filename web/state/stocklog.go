package state

import (
	"time"

	"larder/wasm/message"
)

// LogView is one line of the event log.
type LogView struct {
	Time  Exact
	Kind  string // for the looks
	Text  string // what happened
	Model string
	Bytes Exact
	Cause string // why, in words or as a code; may be empty
}

// kinds says in words what an event means.
var kinds = map[string]string{
	"served":      "Answered",
	"checked":     "Confirmed by the registry",
	"committed":   "Arrived",
	"updated":     "Another version answers now",
	"stale":       "Served without the registry",
	"corrupt":     "Damage found",
	"repaired":    "Repaired",
	"evicted":     "Removed from storage",
	"released":    "Left the memory",
	"verified":    "Every byte checked",
	"pinned":      "Pinned",
	"unpinned":    "Unpinned",
	"rolled-back": "Went back to",
	"imported":    "Imported from a file",
	"renewed":     "Loaded models are current",
	"failed":      "Failed",
}

// logView lists the events, the newest first.
func (s *Stock) logView() []LogView {
	out := make([]LogView, 0, len(s.events))
	now := s.clock()
	for i := len(s.events) - 1; i >= 0; i-- {
		e := s.events[i]
		v := LogView{Kind: e.Kind, Text: kinds[e.Kind], Model: e.Name, Cause: cause(e)}
		if v.Text == "" {
			v.Text = e.Kind
		}
		if e.Version != "" {
			v.Model += " " + e.Version
		}
		if e.Elsewhere {
			v.Text += ", in another tab"
		}
		if e.Bytes > 0 {
			v.Bytes = exactSize(e.Bytes)
		}
		if t, err := time.Parse(time.RFC3339, e.Time); err == nil {
			t = t.In(now.Location())
			v.Time = Exact{t.Format("15:04:05"), exactTime(t)}
		}
		out = append(out, v)
	}
	return out
}

// cause says why something happened.
func cause(e message.CacheEvent) string {
	if e.Kind == "served" {
		if words := sources[e.Message]; words != "" {
			return words
		}
	}
	if e.Kind == "updated" && e.Message != "" {
		return "before it " + e.Message
	}
	if e.Kind == "evicted" || e.Kind == "released" {
		for _, c := range causes {
			if c.key == e.Message {
				return c.words
			}
		}
	}
	switch {
	case e.Code != "" && e.Message != "":
		return e.Code + ": " + e.Message
	case e.Code != "":
		return e.Code
	}
	return e.Message
}
