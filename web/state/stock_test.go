package state

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"larder/wasm/message"
)

// entry is a stored version of leaf.
func entry(v string, change func(*message.CacheEntry)) message.CacheEntry {
	e := message.CacheEntry{Model: version(v), Bytes: 4_441_612, Committed: "2026-11-21T11:00:00Z", Used: "2026-11-21T11:58:00Z"}
	if change != nil {
		change(&e)
	}
	return e
}

func latest(e *message.CacheEntry) { e.Selectors = []string{"^2", "latest"} }

// twoVersions is leaf with a version to go back to.
func twoVersions() []message.CacheEntry {
	return []message.CacheEntry{
		entry("2.0.0", func(e *message.CacheEntry) { latest(e); e.InUse, e.Hits = 1, 1234 }),
		entry("1.0.0", func(e *message.CacheEntry) { e.Pinned, e.Bytes, e.Used = true, 4_800_000, "" }),
	}
}

// larder brings the app to the Larder page, with what is stored.
func (r *rig) larder(list ...message.CacheEntry) *StockView {
	r.t.Helper()
	r.app.Show(PageLarder)
	r.app.Start()
	r.answer("open", nil, nil)
	r.answer("index", testIndex, nil)
	return r.read(list...)
}

// read answers the reading of the list.
func (r *rig) read(list ...message.CacheEntry) *StockView {
	r.t.Helper()
	r.answer("list", list, nil)
	r.answer("stats", figures{room: message.Room{Usage: -1, Quota: -1}}, nil)
	return r.app.View().Stock
}

// of returns the view of a model.
func (v *StockView) of(t *testing.T, name string) StockModelView {
	t.Helper()
	for _, m := range v.Models {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no model %q", name)
	return StockModelView{}
}

func TestLarderPageLoadsNoModel(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		v := r.larder()
		r.phase(Opened)
		if !v.Ready || !v.Empty || len(v.Models) != 3 || v.Models[0].State != "absent" || r.page != PageLarder || r.focused != focusMain {
			t.Errorf("view %+v, page %q, focus %q", v, r.page, r.focused)
		}
		if w := r.waiting(); len(w) != 0 {
			t.Errorf("%v wait", w)
		}
		r.app.Show(PageLeaf)
		r.answer("load leaf@", r.model("2.0.0"), nil)
		if v := r.phase(Ready); v.Stock != nil || v.Page != PageLeaf {
			t.Errorf("view %+v", v)
		}
		r.app.Shown(PageLarder) // back, by the browser: it has its address
		r.page = ""
		if v := r.read(entry("2.0.0", latest)); v.Empty || r.page != "" {
			t.Errorf("view %+v, page %q", v, r.page)
		}
		r.app.Show(PageLarder) // it is there already
		if r.page != "" || len(r.waiting()) != 0 {
			t.Errorf("page %q, %v wait", r.page, r.waiting())
		}
	})
}

func TestStockView(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		v := r.larder(twoVersions()...)
		m := v.of(t, "leaf")
		if m.Title != "Bean leaf" || m.State != "fresh" || m.Badge.Text != "fresh" || m.Back != "1.0.0" || !m.Stored || m.Ask != "" {
			t.Errorf("model %+v", m)
		}
		want := []FactView{
			{"Current version", Exact{"2.0.0", "0123456789abcdef0123"}},
			{"Checked", Exact{"3 minutes ago", "21 November 2026, 11:57:00 (UTC+00:00)"}},
			{"Next refresh", Exact{"in 23 hours", "22 November 2026, 11:57:00 (UTC+00:00)"}},
			{"Last used", Exact{"2 minutes ago", "21 November 2026, 11:58:00 (UTC+00:00)"}},
			{"Hits", Exact{"1\u202f234 times", "answers from memory or storage on this device, of all tabs and visits"}},
			{"Size of all versions", Exact{"9.2 MB", "9\u202f241\u202f612 bytes"}},
		}
		if !reflect.DeepEqual(m.Facts, want) {
			t.Errorf("facts %+v", m.Facts)
		}
		if got := m.Versions[0].Notes + "; " + m.Versions[1].Notes; got != "current, in use; kept to go back to, pinned" {
			t.Errorf("notes %q", got)
		}
		if m.Versions[1].Used.Text != "never" {
			t.Errorf("used %+v", m.Versions[1].Used)
		}
		if small := v.of(t, "small"); small.Stored || small.Badge.Text != "not on this device" || small.Title != "small" {
			t.Errorf("small %+v", small)
		}
	})
}

// TestStockViewAfterRollback has a version that was undone: it is none to go back to.
func TestStockViewAfterRollback(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		m := r.larder(entry("3.0.0", nil), entry("2.0.0", latest), entry("1.0.0", nil)).of(t, "leaf")
		got := m.Versions[0].Notes + "; " + m.Versions[1].Notes + "; " + m.Versions[2].Notes
		if got != "newer than the current one; current; kept to go back to" || m.Back != "1.0.0" {
			t.Errorf("notes %q, back to %q", got, m.Back)
		}
	})
}

func TestFreshnessWords(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range []string{message.Fresh, message.Revalidating, message.Stale, message.Expired} {
		e := freshnessText(f)
		if e.Text == "" || e.Title == "" || seen[e.Text] {
			t.Errorf("%s: %+v", f, e)
		}
		seen[e.Text] = true
	}
	if got := freshnessText("of the future"); got != (Exact{"of the future", ""}) {
		t.Errorf("%+v", got)
	}
}

// TestModelFromAnAddress checks that a file without a manifest is called by its address.
func TestModelFromAnAddress(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		v := r.larder(message.CacheEntry{Model: message.Version{Name: "url-1", Version: "0.0.1"}, URL: "https://example.org/model.onnx"})
		if m := v.of(t, "url-1"); m.Title != "https://example.org/model.onnx" {
			t.Errorf("model %+v", m)
		}
	})
}

func TestCurrentVersion(t *testing.T) {
	if current(nil) != nil {
		t.Error("nothing is current")
	}
	list := []message.CacheEntry{entry("3.0.0", nil), entry("2.0.0", latest), entry("1.0.0", nil)}
	if got := current(list); got.Model.Version != "2.0.0" { // after going back
		t.Error(got.Model.Version)
	}
	if got := before(list, current(list)); got.Model.Version != "1.0.0" {
		t.Error(got.Model.Version)
	}
	if got := current(list[2:]); got.Model.Version != "1.0.0" || before(list[2:], got) != nil {
		t.Error(got.Model.Version)
	}
}

// TestDeeds does everything that can be done to a model, and lets it succeed and fail.
func TestDeeds(t *testing.T) {
	leaf := func(v Verb) Deed { return Deed{Verb: v, Name: "leaf", Version: "1.0.0"} }
	tests := []struct {
		deed   Deed
		call   string
		result any
		after  []message.CacheEntry // what is stored then; nil: the same
		says   string
		asks   bool // it reads the list itself to tell what came of it
	}{
		{leaf(VerbDownload), "download leaf", nil, nil, "Bean leaf is on this device now.", false},
		{leaf(VerbRefresh), "refresh leaf", nil, nil, "Bean leaf: nothing newer, it is up to date.", true},
		{leaf(VerbRefresh), "refresh leaf", nil, append([]message.CacheEntry{entry("3.0.0", latest)}, twoVersions()...), "Bean leaf: version 3.0.0 has arrived.", true},
		{leaf(VerbRollback), "rollback leaf", nil, []message.CacheEntry{entry("2.0.0", nil), entry("1.0.0", latest)}, "Bean leaf: went back to version 1.0.0.", true},
		{leaf(VerbVerify), "verify leaf", message.Verified{Chunks: 9, Bytes: 4_441_612}, nil, "Bean leaf: all 9 pieces (4.4 MB) are as they should be.", false},
		{leaf(VerbVerify), "verify leaf", message.Verified{Chunks: 9, Corrupt: 1, Repaired: 1}, nil, "Bean leaf: 1 piece was damaged or missing and came anew from the registry.", false},
		{leaf(VerbVerify), "verify leaf", message.Verified{Chunks: 9, Corrupt: 1, Missing: 2, Repaired: 1}, nil, "Bean leaf: 2 pieces are damaged or missing. The next use with a network fetches only that.", false},
		{leaf(VerbPin), "pin leaf@1.0.0", nil, nil, "Bean leaf 1.0.0 is pinned: it stays until you let it go.", false},
		{leaf(VerbUnpin), "unpin leaf@1.0.0", nil, nil, "Bean leaf 1.0.0 is not pinned any more.", false},
		{leaf(VerbExport), "export leaf@1.0.0", "leaf-1.0.0.larder", nil, "Exported as leaf-1.0.0.larder: look among the browser's downloads.", false},
		{leaf(VerbRemove), "evict leaf", nil, []message.CacheEntry{}, "Bean leaf was removed from this device.", false},
	}
	for _, tt := range tests {
		t.Run(tt.call, func(t *testing.T) {
			run(t, func(t *testing.T, r *rig) {
				r.larder(twoVersions()...)
				r.app.Act(tt.deed)
				synctest.Wait()
				m := r.app.View().Stock.of(t, "leaf")
				if m.Work == nil || m.Work.Label != works[tt.deed.Verb] || !m.Work.Progress.Stoppable {
					t.Errorf("at work %+v", m.Work)
				}
				r.app.Act(leaf(VerbVerify)) // one thing at a time
				if tt.after == nil {
					tt.after = twoVersions()
				}
				r.answer(tt.call, tt.result, nil)
				if tt.asks {
					r.answer("list", tt.after, nil)
				}
				m = r.read(tt.after...).of(t, "leaf")
				if m.Work != nil || m.Outcome != tt.says || m.Problem != nil {
					t.Errorf("afterwards %+v, says %q, problem %+v", m.Work, m.Outcome, m.Problem)
				}
				if m.Stored != (len(tt.after) > 0) {
					t.Errorf("stored %v", m.Stored)
				}

				r.app.Act(tt.deed)
				r.answer(tt.call, nil, &message.Error{Code: message.CodeOffline, Message: "no answer"})
				m = r.read(twoVersions()...).of(t, "leaf")
				if m.Problem == nil || m.Problem.Code != message.CodeOffline || m.Retry != tt.deed || m.Outcome != "" {
					t.Errorf("failed: %+v, retry %+v, outcome %q", m.Problem, m.Retry, m.Outcome)
				}
			})
		})
	}
}

func TestRemovingIsAskedFor(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.larder(twoVersions()...)
		r.app.Act(Deed{Verb: VerbAsk, Name: "leaf"})
		want := "Remove Bean leaf from this device? This cannot be undone. It frees up to 9.2 MB (2 versions); having version 2.0.0 again " +
			"takes a network and a download of 4.4 MB. A pinned version goes with it. What uses it now goes on until it is closed."
		if got := r.app.View().Stock.of(t, "leaf").Ask; got != want || r.focused != "keep-leaf" {
			t.Errorf("asks %q, focus %q", got, r.focused)
		}
		r.app.Act(Deed{Verb: VerbKeep, Name: "leaf"})
		if got := r.app.View().Stock.of(t, "leaf").Ask; got != "" || r.focused != "ask-leaf" || len(r.waiting()) != 0 {
			t.Errorf("asks %q, focus %q", got, r.focused)
		}
	})
}

func TestStoppingADeed(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.larder()
		r.app.Act(Deed{Verb: VerbStop, Name: "small"}) // nothing is under way
		r.app.Act(Deed{Verb: VerbDownload, Name: "small"})
		c := r.one("download small")
		c.onward(message.Progress{Phase: message.PhaseDownload, Loaded: 100_000, Total: 400_000})
		synctest.Wait()
		if w := r.app.View().Stock.of(t, "small").Work; w == nil || w.Progress.Value != 25 || w.Progress.Amount != "100 kB of 400 kB" || w.Progress.Label != "Downloading the model" {
			t.Errorf("progress %+v", w)
		}
		r.app.Act(Deed{Verb: VerbStop, Name: "small"})
		if m := r.app.View().Stock.of(t, "small"); m.Work != nil || m.Outcome != "Stopped." || c.ctx.Err() == nil {
			t.Errorf("after stopping %+v", m)
		}
		c.answer <- reply{err: &message.Error{Code: message.CodeAborted}}
		if m := r.read().of(t, "small"); m.Problem != nil || m.Outcome != "Stopped." {
			t.Errorf("in the end %+v", m)
		}
	})
}

func TestImportAndPersist(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.larder()
		r.app.Import("a file")
		synctest.Wait()
		if v := r.app.View().Stock; v.Import == nil || v.Import.Label != "Reading the file" {
			t.Errorf("importing %+v", v.Import)
		}
		r.answer("import", []message.CacheEntry{entry("2.0.0", latest)}, nil)
		if v := r.read(entry("2.0.0", latest)); v.Outcome != "Imported Bean leaf 2.0.0." || v.Import != nil {
			t.Errorf("imported: %q", v.Outcome)
		}
		r.app.Import("another file")
		r.answer("import", nil, &message.Error{Code: message.CodeCorrupt, Message: "cut short"})
		if v := r.read(); v.Problem == nil || v.Problem.Title != "This file is damaged." || v.Problem.Action != NoAction || v.Problem.Detail != "cut short" {
			t.Errorf("problem %+v", v.Problem)
		}
		for granted, want := range map[bool]string{true: "The browser promises", false: "The browser made no promise"} {
			r.app.Act(Deed{Verb: VerbPersist})
			r.answer("persist", granted, nil)
			if v := r.read(); !strings.HasPrefix(v.Outcome, want) || v.Problem != nil {
				t.Errorf("outcome %q", v.Outcome)
			}
		}
	})
}

func TestRoom(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name                 string
		room                 message.Room
		site, share, promise string
		askable              bool
	}{
		{"nothing said", message.Room{Usage: -1, Quota: -1}, "", "", "does not say", false},
		{"promised", message.Room{Usage: 20_700_000, Quota: 10_758_100_000, Persisted: &yes}, "20.7 MB of 10.8 GB", "0.0019", "promised", false},
		{"not promised", message.Room{Usage: 5, Quota: 4, Persisted: &no}, "5 bytes of 4 bytes", "1.0000", "may clear", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(t *testing.T, r *rig) {
				r.app.Show(PageLarder)
				if v := r.app.View().Stock.Room; v.Where != "not known yet" || v.Promise != "" {
					t.Errorf("before anything is known: %+v", v)
				}
				r.app.Start()
				r.answer("open", nil, nil)
				r.answer("list", nil, nil)
				r.answer("stats", figures{message.CacheStats{Storage: message.StorageMemory, StoreBytes: 4_441_612, StoreChunks: 9}, tt.room}, nil)
				v := r.app.View().Stock.Room
				if v.Site.Text != tt.site || v.Share != tt.share || !strings.Contains(v.Promise, tt.promise) || v.Askable != tt.askable {
					t.Errorf("room %+v", v)
				}
				if v.Models.Text != "4.4 MB in 9 pieces" || !strings.HasPrefix(v.Where, "in memory only") {
					t.Errorf("room %+v", v)
				}
			})
		})
	}
}

func TestLog(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.larder()
		for _, e := range []message.CacheEvent{
			{Kind: "committed", Time: "2026-11-21T11:59:00Z", Name: "leaf", Version: "2.0.0", Bytes: 4_441_612},
			{Kind: "served", Time: "2026-11-21T11:59:01Z", Name: "leaf", Version: "2.0.0", Message: "registry"},
			{Kind: "failed", Time: "2026-11-21T11:59:02Z", Name: "leaf", Code: message.CodeOffline, Message: "no network"},
			{Kind: "released", Name: "leaf", Version: "1.0.0", Bytes: 7, Message: "size"},
			{Kind: "of the future", Time: "soon", Name: "leaf", Code: "x"},
			{Kind: "pinned", Name: "leaf", Elsewhere: true},
		} {
			r.cache.listen(e)
		}
		r.read() // what is stored may have changed
		r.read() // once more for all that came meanwhile
		log := r.app.View().Stock.Log
		want := []LogView{
			{Kind: "pinned", Text: "Pinned, in another tab", Model: "leaf"},
			{Kind: "of the future", Text: "of the future", Model: "leaf", Cause: "x"},
			{Kind: "released", Text: "Left the memory", Model: "leaf 1.0.0", Bytes: Exact{"7 bytes", "7 bytes"}, Cause: "for room"},
			{Exact{"11:59:02", "21 November 2026, 11:59:02 (UTC+00:00)"}, "failed", "Failed", "leaf", Exact{}, "offline: no network"},
			{Exact{"11:59:01", "21 November 2026, 11:59:01 (UTC+00:00)"}, "served", "Answered", "leaf 2.0.0", Exact{}, "downloaded on this visit"},
			{Exact{"11:59:00", "21 November 2026, 11:59:00 (UTC+00:00)"}, "committed", "Arrived", "leaf 2.0.0", Exact{"4.4 MB", "4\u202f441\u202f612 bytes"}, ""},
		}
		if !reflect.DeepEqual(log, want) {
			t.Errorf("log %+v", log)
		}
		for range 2 * maxEvents {
			r.cache.listen(message.CacheEvent{Kind: "served", Time: "2026-11-21T12:00:00Z"})
		}
		if n := len(r.app.View().Stock.Log); n != maxEvents {
			t.Errorf("%d lines", n)
		}
	})
}

// TestEveryKindHasWords checks the log's words and larder.js against the kinds that
// larder.d.ts names.
func TestEveryKindHasWords(t *testing.T) {
	types, err := os.ReadFile("../static/larder.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^  kind: ("[^;]*);$`).FindSubmatch(types)
	if line == nil {
		t.Fatal("larder.d.ts names no kinds")
	}
	var all []string
	for kind := range strings.SplitSeq(string(line[1]), " | ") {
		all = append(all, strings.Trim(kind, `"`))
		if kinds[all[len(all)-1]] == "" {
			t.Errorf("%s has no words", kind)
		}
	}
	// And those that larder.js can be asked for are the same.
	script, err := os.ReadFile("../static/larder.js")
	if want := `const KINDS = "` + strings.Join(all, " ") + ` *".split(" ")`; err != nil || !strings.Contains(string(script), want) {
		t.Errorf("larder.js lacks %s (%v)", want, err)
	}
}

// TestEventsOfAnotherPage checks that nothing is read for a page that nobody sees, and
// that its log is complete all the same.
func TestEventsOfAnotherPage(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.cache.listen(message.CacheEvent{Kind: "checked", Time: "2026-11-21T12:00:00Z", Name: "leaf"})
		if w := r.waiting(); len(w) != 0 {
			t.Errorf("%v wait", w)
		}
		r.app.Show(PageLarder)
		if v := r.read(); len(v.Log) != 1 {
			t.Errorf("log %+v", v.Log)
		}
	})
}

func TestListThatCannotBeRead(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Show(PageLarder)
		r.app.Start()
		r.answer("open", nil, &message.Error{Code: message.CodeOffline, Message: "no worker"})
		if v := r.app.View().Stock; v.Problem == nil || v.Problem.Code != message.CodeOffline || v.Retry.Verb != "" {
			t.Errorf("problem %+v, retry %+v", v.Problem, v.Retry)
		}
		r.app.Retry()
		r.answer("open", nil, nil)
		r.answer("list", nil, &message.Error{Code: message.CodeClosed, Message: "gone"})
		v := r.app.View().Stock
		if v.Problem == nil || v.Problem.Title != "Larder has stopped." || v.Retry.Verb != VerbRead || v.Ready || v.Empty {
			t.Errorf("view %+v", v)
		}
		r.app.Act(v.Retry)
		if v := r.read(); v.Problem != nil || !v.Ready {
			t.Errorf("view %+v", v)
		}
	})
}

func TestTiers(t *testing.T) {
	got := tierViews(map[string]message.Tier{
		message.TierStore: {},
		message.TierMemory: {Hits: 5, WeakHits: 2, Misses: 1, Loads: 1, BytesLoaded: 4_441_612, Failures: 1, Entries: 1, Bytes: 4_441_612, Leases: 1,
			Evictions: map[string]int64{"size": 2, "collected": 1},
			HitTime:   message.Latency{Count: 5, Mean: 0.2, P50: 0.1, P99: 1.5}},
		message.TierRegistry: {Loads: 1, LoadTime: message.Latency{Count: 1, Mean: 300, P50: 400, P99: 400}},
		"of the future":      {},
	})
	if len(got) != 3 || got[0].Name != "Memory" || got[2].Name != "Registry" {
		t.Fatalf("tiers %+v", got)
	}
	want := TierView{"Memory", "models of this page", Exact{"5", "2 of them with what only its user still held"}, "1",
		Exact{"1 · 4.4 MB", "4\u202f441\u202f612 bytes, 1 failure"}, Exact{"1 · 4.4 MB", "4\u202f441\u202f612 bytes, 1 in use, 0 held weakly"},
		Exact{"0.1 ms / 1.5 ms", "median and 99th percentile of 5 hits; mean 0.2 ms"}, Exact{"2 for room, 1 unused", "3 entries in all"}}
	if got[0] != want {
		t.Errorf("got  %+v\nwant %+v", got[0], want)
	}
	if got[1].Took.Text != "–" || got[1].Left.Text != "–" || got[1].Loads.Text != "0" {
		t.Errorf("store %+v", got[1])
	}
	if got[2].Took != (Exact{"400 ms / 400 ms", "median and 99th percentile of 1 loads; mean 300 ms"}) {
		t.Errorf("registry %+v", got[2].Took)
	}
}

// TestStockProblems checks that every code has a sentence and a way out for each verb.
func TestStockProblems(t *testing.T) {
	for v := range works {
		for _, code := range []string{message.CodeNotFound, message.CodeOffline, message.CodeCorrupt, message.CodeQuota, message.CodeAborted,
			message.CodeInvalidModel, message.CodeInvalidInput, message.CodeInternal, message.CodeClosed, "of-the-future"} {
			p := stockProblem(v, &message.Error{Code: code, Message: "chunk 3"})
			if p.Code != code || p.Title == "" || !strings.HasSuffix(p.Advice, ".") {
				t.Errorf("%s, %s: %+v", v, code, p)
			}
		}
	}
}

func TestDeedIDs(t *testing.T) {
	var ids []string
	for _, d := range []Deed{{Verb: VerbPersist}, {Verb: VerbAsk, Name: "leaf"}, {Verb: VerbPin, Name: "leaf", Version: "1.0.0"}} {
		ids = append(ids, d.ID())
	}
	if !slices.Equal(ids, []string{"persist", "ask-leaf", "pin-leaf-1.0.0"}) {
		t.Error(ids)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1\u202f000", -1234: "-1\u202f234", -123: "-123", 1234567: "1\u202f234\u202f567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestPages(t *testing.T) {
	for _, p := range Pages {
		if ParsePage(string(p.Page)) != p.Page || p.File == "" || p.Title == "" || p.Description == "" {
			t.Errorf("page %+v", p)
		}
	}
	if ParsePage("elsewhere") != PageLeaf {
		t.Error("an unknown page")
	}
}

func TestFocusInstead(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		if got := r.app.Instead("download-leaf"); got != "" {
			t.Errorf("on another page: %q", got)
		}
		r.larder()
		for id, want := range map[string]string{"download-leaf": "refresh-leaf", "rollback-leaf-small": "refresh-leaf-small", "retry-leaf": focusMain, "": focusMain} {
			if got := r.app.Instead(id); got != want {
				t.Errorf("%q: %q, want %q", id, got, want)
			}
		}
	})
}
