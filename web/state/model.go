package state

import (
	"time"

	"larder/wasm/message"
)

// ModelView says which model answers, and how old it is.
type ModelView struct {
	Title    string
	Version  string
	Made     string // "1 November 2026 (20 days ago)"
	Checked  string // "checked 3 minutes ago"
	Refresh  string // "in 23 hours"
	Source   string // where it came from
	Size     string
	Threads  string
	Digest   string // the first digits of the manifest's SHA-256
	Warning  string // not empty: the model may be out of date
	Checking bool   // the registry is being asked for a newer version
}

// sources say where a model came from, in words.
var sources = map[string]string{
	message.SourceMemory:   "already in memory",
	message.SourceStore:    "stored on this device",
	message.SourceRegistry: "downloaded on this visit",
	message.SourceBytes:    "a file of yours",
}

func (a *App) modelView() *ModelView {
	if a.model == nil {
		return nil
	}
	now, m := a.clock(), a.info.Model
	v := &ModelView{
		Title: a.info.Title, Version: m.Version, Size: size(a.info.Bytes), Source: sources[a.info.Source],
		Made: "unknown", Checked: "never checked", Refresh: "not planned",
		Threads: threads(a.info.Threads), Checking: a.checking,
	}
	if v.Title == "" {
		v.Title = m.Name
	}
	if v.Source == "" {
		v.Source = "unknown"
	}
	if len(m.Digest) >= digestShown {
		v.Digest = m.Digest[:digestShown]
	}
	if t, err := time.Parse(time.RFC3339, m.Created); err == nil {
		v.Made = date(t) + " (" + ago(now, t) + ")"
	}
	checked, err := time.Parse(time.RFC3339, m.CheckedAt)
	if err == nil {
		v.Checked = "checked " + ago(now, checked)
	}
	if t, err := time.Parse(time.RFC3339, m.NextRefresh); err == nil {
		v.Refresh = upcoming(now, t)
	}
	if m.Freshness == message.Stale {
		v.Warning = staleWarning(v.Checked)
	}
	return v
}

// digestShown is how many digits of a digest are shown: enough to compare two
// versions by eye.
const digestShown = 12

func staleWarning(checked string) string {
	return "This model may be out of date: Larder could not ask for a newer version (" + checked +
		"). It still works; connect to the network to check."
}

// upcoming says when a refresh is due. The registry is asked at the next use
// after that moment, never in the background.
func upcoming(now, t time.Time) string {
	switch s := span(t.Sub(now)); {
	case !t.After(now):
		return "at the next use"
	case s == "":
		return "in less than a minute"
	default:
		return "in " + s
	}
}

func threads(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return decimal(float64(n), 0) + " threads"
}
