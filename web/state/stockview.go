package state

import (
	"slices"
	"time"

	"larder/wasm/message"
)

// StockView is the Larder page, as finished texts.
type StockView struct {
	Ready   bool         // the list was read
	Outcome string       // of the last action, if it was about no model that is listed
	Problem *ProblemView // of no single model
	Retry   Deed         // what the problem's button does; without a verb: open Larder again
	Models  []StockModelView
	Empty   bool // nothing is stored
	Import  *WorkView
	Room    RoomView
	Tiers   []TierView
	Log     []LogView
}

// Exact is a text for people, and the exact value behind it.
type Exact struct {
	Text  string
	Title string // may be empty: there is nothing more to say
}

// FactView is one entry of a list of facts.
type FactView struct {
	Label string
	Exact
}

// StockModelView is one model, stored or not.
type StockModelView struct {
	Name     string
	Title    string
	State    string // a freshness, "absent", or "busy"; for the looks
	Badge    Exact  // the state in words
	Stored   bool
	Facts    []FactView
	Versions []StockVersionView
	Back     string // the version that VerbRollback goes to; empty: there is none
	Work     *WorkView
	Ask      string // not empty: the question whether to remove it
	Outcome  string // of the last action, if it was about this model
	Problem  *ProblemView
	Retry    Deed // what the problem's button does
}

// StockVersionView is one stored version.
type StockVersionView struct {
	Version string
	Notes   string // "current, pinned, in use"
	Current bool
	Pinned  bool
	Size    Exact
	Since   Exact
	Used    Exact
}

// WorkView is an action under way.
type WorkView struct {
	Verb     Verb
	Label    string // "Looking for a newer version"
	Progress ProgressView
}

// works says what an action under way is called.
var works = map[Verb]string{
	VerbDownload: "Downloading",
	VerbRefresh:  "Looking for a newer version",
	VerbRollback: "Going back",
	VerbVerify:   "Checking every byte",
	VerbPin:      "Pinning",
	VerbUnpin:    "Letting go of the pin",
	VerbExport:   "Packing the file",
	VerbRemove:   "Removing",
	VerbImport:   "Reading the file",
	VerbPersist:  "Asking the browser",
}

// View returns what there is to see. opening is why Larder did not start, if so.
func (s *Stock) View(opening *ProblemView) *StockView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &StockView{Ready: s.read, Outcome: s.outcome.text, Problem: opening, Import: s.work(allModels), Room: s.roomView()}
	if f := s.failed[allModels]; f != nil && v.Problem == nil {
		v.Problem, v.Retry = stockProblem(f.verb, f.err), Deed{Verb: f.verb}
	}
	if s.failure != nil && v.Problem == nil {
		v.Problem, v.Retry = stockProblem(VerbRead, s.failure), Deed{Verb: VerbRead}
	}
	for _, name := range s.names() {
		m := s.model(name, titleOf(s.index, name))
		if name == s.outcome.name {
			m.Outcome, v.Outcome = v.Outcome, ""
		}
		v.Models = append(v.Models, m)
	}
	v.Empty = s.read && len(s.entries) == 0
	v.Tiers = tierViews(s.stats.Tiers)
	v.Log = s.logView()
	return v
}

// names lists the models: those stored first, then what else the registry offers.
func (s *Stock) names() []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, e := range s.entries {
		add(e.Model.Name)
	}
	for _, m := range s.index.Models {
		add(m.Name)
	}
	return out
}

func (s *Stock) work(name string) *WorkView {
	j := s.jobs[name]
	if j == nil {
		return nil
	}
	v := &WorkView{Verb: j.verb, Label: works[j.verb]}
	v.Progress = *progressView(v.Label, j.progress)
	v.Progress.Stoppable = j.verb != VerbPersist
	return v
}

func (s *Stock) model(name, title string) StockModelView {
	entries := of(s.entries, name)
	v := StockModelView{Name: name, Title: title, Stored: len(entries) > 0, Work: s.work(name)}
	if f := s.failed[name]; f != nil {
		v.Problem, v.Retry = stockProblem(f.verb, f.err), Deed{f.verb, name, f.version}
	}
	main := current(entries)
	if main == nil {
		v.State, v.Badge = "absent", Exact{Text: "not on this device"}
		return v
	}
	if title == name && main.URL != "" {
		v.Title = main.URL
	}
	v.State, v.Badge = main.Model.Freshness, freshnessText(main.Model.Freshness)
	v.Facts = s.facts(entries, main)
	older := false // than the current one: the newest comes first
	for i := range entries {
		v.Versions = append(v.Versions, s.version(&entries[i], main, older))
		older = older || &entries[i] == main
	}
	if back := before(entries, main); back != nil {
		v.Back = back.Model.Version
	}
	if s.asking == name {
		v.Ask = question(title, entries, main)
	}
	return v
}

func (s *Stock) facts(entries []message.CacheEntry, main *message.CacheEntry) []FactView {
	now := s.clock()
	var bytes, hits int64
	used := ""
	for _, e := range entries {
		bytes += e.Bytes
		hits += e.Hits
		used = max(used, e.Used) // RFC 3339 in UTC sorts as text
	}
	next := s.moment(main.Model.NextRefresh, "not planned", upcoming)
	return []FactView{
		{"Current version", Exact{main.Model.Version, main.Model.Digest}},
		{"Checked", s.moment(main.Model.CheckedAt, "never", ago)},
		{"Next refresh", next},
		{"Last used", s.moment(used, "never", func(_, t time.Time) string { return ago(now, t) })},
		{"Hits", Exact{count(hits, "time", "times"), "answers from memory or storage on this device, of all tabs and visits"}},
		{"Size of all versions", exactSize(bytes)},
	}
}

func (s *Stock) version(e, main *message.CacheEntry, older bool) StockVersionView {
	v := StockVersionView{Version: e.Model.Version, Current: e == main || e.Model.Version == main.Model.Version, Pinned: e.Pinned,
		Size: exactSize(e.Bytes), Since: s.moment(e.Committed, "unknown", ago), Used: s.moment(e.Used, "never", ago)}
	notes := ""
	note := func(on bool, text string) {
		if on && notes != "" {
			notes += ", "
		}
		if on {
			notes += text
		}
	}
	note(v.Current, "current")
	note(!v.Current && older, "kept to go back to")
	note(!v.Current && !older, "newer than the current one")
	note(v.Pinned, "pinned")
	note(e.InUse > 0, "in use")
	v.Notes = notes
	return v
}

// moment formats a time of a message; none is the text given.
func (s *Stock) moment(text, none string, say func(now, t time.Time) string) Exact {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Exact{Text: none}
	}
	now := s.clock()
	return Exact{say(now, t), exactTime(t.In(now.Location()))}
}

// of returns the versions of a model.
func of(entries []message.CacheEntry, name string) []message.CacheEntry {
	var out []message.CacheEntry
	for _, e := range entries {
		if e.Model.Name == name {
			out = append(out, e)
		}
	}
	return out
}

// current returns the version that answers to the bare name; of a model of which only
// particular versions were asked for, the newest. It is nil if nothing is stored.
func current(entries []message.CacheEntry) *message.CacheEntry {
	for i := range entries {
		if slices.Contains(entries[i].Selectors, "latest") {
			return &entries[i]
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return &entries[0]
}

// before returns the newest stored version that is older than the current one.
func before(entries []message.CacheEntry, main *message.CacheEntry) *message.CacheEntry {
	for i := range entries {
		if entries[i].Model.Version == main.Model.Version && i+1 < len(entries) {
			return &entries[i+1]
		}
	}
	return nil
}

// question says what is lost with a model, and what having it again costs.
func question(title string, entries []message.CacheEntry, main *message.CacheEntry) string {
	var bytes int64
	pinned, used := false, false
	for _, e := range entries {
		bytes += e.Bytes
		pinned = pinned || e.Pinned
		used = used || e.InUse > 0
	}
	text := "Remove " + title + " from this device? This cannot be undone. It frees up to " + size(bytes) +
		" (" + count(int64(len(entries)), "version", "versions") + "); having version " + main.Model.Version +
		" again takes a network and a download of " + size(main.Bytes) + "."
	if pinned {
		text += " A pinned version goes with it."
	}
	if used {
		text += " What uses it now goes on until it is closed."
	}
	return text
}
