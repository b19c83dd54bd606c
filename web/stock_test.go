//go:build !js

package web

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vugu/vugu"

	"larder/web/state"
)

// jar is a stored model with two versions.
func jar(change func(*state.StockModelView)) *StockModel {
	m := state.StockModelView{Name: "leaf", Title: "Bean leaf", State: "fresh", Badge: state.Exact{Text: "fresh", Title: "why"}, Stored: true, Back: "1.0.0",
		Facts: []state.FactView{{Label: "Checked", Exact: state.Exact{Text: "just now", Title: "21 November"}}},
		Versions: []state.StockVersionView{
			{Version: "2.0.0", Notes: "current", Current: true, Size: state.Exact{Text: "4.4 MB", Title: "4441612 bytes"}},
			{Version: "1.0.0", Notes: "pinned", Pinned: true},
		}}
	if change != nil {
		change(&m)
	}
	return &StockModel{Model: m}
}

func TestStockModel(t *testing.T) {
	check(t, []look{
		{"stored", jar(nil), []string{`aria-labelledby="jar-leaf" data-busy="false" data-model="leaf" data-state="fresh"`, `<h3 class="name" id="jar-leaf">Bean leaf</h3>`,
			`<dt>Checked</dt><dd title="21 November">just now</dd>`, `aria-label="Pin version 2.0.0 of Bean leaf" id="pin-leaf-2.0.0"`, `aria-label="Unpin version 1.0.0 of Bean leaf" id="unpin-leaf-1.0.0"`,
			`<span title="4441612 bytes">4.4 MB</span>`, `id="refresh-leaf"`, `id="verify-leaf"`, `id="ask-leaf"`},
			[]string{`id="download-leaf"`, `class="ask"`, `class="problem`, "<progress"}},
		{"absent", &StockModel{Model: state.StockModelView{Name: "small", Title: "Small", State: "absent"}},
			[]string{`aria-label="Download: Small" id="download-small"`}, []string{"<dl", "<ul", `id="ask-small"`}},
		{"asked about", jar(func(m *state.StockModelView) { m.Ask = "Remove it?" }), []string{`<p id="ask-leaf-text">Remove it?</p>`, `id="keep-leaf"`, `id="remove-leaf"`}, nil},
		{"at work", jar(func(m *state.StockModelView) {
			m.Work = &state.WorkView{Verb: state.VerbRefresh, Progress: state.ProgressView{Label: "Downloading the model", Known: true, Value: 40, Amount: "1 of 2 MB", Stoppable: true}}
		}), []string{`data-busy="true"`, `aria-disabled="true"`, `value="40"`, "1 of 2 MB", `id="stop-leaf"`}, nil},
		{"done", jar(func(m *state.StockModelView) { m.Outcome = "All is well." }), []string{`role="status" aria-live="polite"`, "<span>All is well.</span>"}, nil},
		{"failed", jar(func(m *state.StockModelView) {
			m.Problem = &state.ProblemView{Code: "offline", Title: "No network.", Advice: "Connect.", Detail: "<b>", Action: state.ActionRetry}
			m.Retry = state.Deed{Verb: state.VerbRefresh, Name: "leaf"}
		}), []string{`data-code="offline"`, "No network.", "Connect.", "offline: &lt;b&gt;", `id="retry-leaf">Try again`}, []string{"<b>"}},
	})
}

func TestStockPage(t *testing.T) {
	empty := &state.StockView{Ready: true, Empty: true}
	full := &state.StockView{Ready: true, Outcome: "Imported.",
		Models:  []state.StockModelView{jar(nil).Model},
		Room:    state.RoomView{Where: "in this browser", Site: state.Exact{Text: "1 of 2 GB"}, Share: "0.5", Promise: "May be cleared.", Askable: true},
		Tiers:   []state.TierView{{Name: "Memory", About: "models of this page", Hits: state.Exact{Text: "5", Title: "2 weak"}, Took: state.Exact{Text: "1 ms / 2 ms"}}},
		Log:     []state.LogView{{Kind: "failed", Text: "Failed", Model: "leaf", Cause: "offline", Time: state.Exact{Text: "11:00:00", Title: "exactly"}}},
		Problem: &state.ProblemView{Code: "closed", Title: "Larder has stopped.", Action: state.ActionReload},
	}
	check(t, []look{
		{"starting", &Stock{View: &state.StockView{}, Status: "Larder is starting."}, []string{`aria-busy="true"`, "Larder is starting.", "Nothing yet since"}, []string{`id="empty"`, `id="log"`, `id="persist"`, "<meter"}},
		{"empty", &Stock{View: empty}, []string{`id="empty"`, `aria-busy="false"`}, nil},
		{"full", &Stock{View: full}, []string{"<span>Imported.</span>", `data-model="leaf"`, `value="0.5"`, `id="persist"`, "May be cleared.",
			`<dt>Hits</dt><dd title="2 weak">5</dd>`, "1 ms / 2 ms", `<tr data-kind="failed"><td title="exactly">11:00:00</td><th scope="row">Failed</th>`, "Reload the page"}, []string{`id="empty"`}},
	})
}

// TestDeedsOfProblems checks whom the button of a problem calls.
func TestDeedsOfProblems(t *testing.T) {
	tests := []struct {
		name   string
		action state.Action
		retry  state.Deed
		want   string
	}{
		{"reload", state.ActionReload, state.Deed{Verb: state.VerbRead}, "reload"},
		{"open again", state.ActionRetry, state.Deed{}, "retry"},
		{"do it again", state.ActionRetry, state.Deed{Verb: state.VerbVerify, Name: "leaf"}, "verify-leaf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var called heard
			c := &StockProblem{Problem: &state.ProblemView{Action: tt.action}, Retry: tt.retry, Actions: &called}
			c.handle(nil)
			if string(called) != tt.want {
				t.Errorf("called %q", called)
			}
		})
	}
}

// heard is what was called of the actions.
type heard string

func (h *heard) Act(d state.Deed)     { *h = heard(d.ID()) }
func (h *heard) Retry()               { *h = "retry" }
func (h *heard) Reload()              { *h = "reload" }
func (h *heard) Show(p state.Page)    { *h = heard(p) }
func (h *heard) SubmitDemo(int)       {}
func (h *heard) ChooseValue(string)   {}
func (h *heard) OpenCamera()          {}
func (h *heard) Cancel()              {}
func (h *heard) Check()               {}
func (h *heard) SetTheme(state.Theme) {}

// keyed is a key that was pressed.
type keyed struct {
	vugu.DOMEvent
	key string
}

func (k keyed) PropString(...string) string { return k.key }

// TestEscapeKeepsTheModel presses keys while a model is asked about.
func TestEscapeKeepsTheModel(t *testing.T) {
	for key, want := range map[string]heard{"Escape": "keep-leaf", "Enter": "", "a": ""} {
		var called heard
		c := jar(nil)
		c.Actions = &called
		if c.handleKey(keyed{key: key}); called != want {
			t.Errorf("%s: %q", key, called)
		}
	}
}

// TestMastheadSaysWhereOneIs checks the links between the pages, here and on the page
// that is no part of the app.
func TestMastheadSaysWhereOneIs(t *testing.T) {
	link := regexp.MustCompile(`<a[^>]*aria-current="page"[^>]*>(Leaf|Text|Larder)<`)
	for page, want := range map[state.Page]string{state.PageLeaf: "Leaf", state.PageLarder: "Larder"} {
		if got := link.FindStringSubmatch(render(t, &Masthead{Page: page})); len(got) != 2 || got[1] != want {
			t.Errorf("%s: %q", page, got)
		}
	}
	text, err := os.ReadFile("static/text.html")
	if err != nil {
		t.Fatal(err)
	}
	if got := link.FindSubmatch(text); len(got) != 2 || string(got[1]) != "Text" {
		t.Errorf("text.html: %q", got)
	}
	for _, p := range pages {
		if !strings.Contains(string(text), `<a href="`+p.href+`"`) {
			t.Errorf("text.html has no link to %s", p.label)
		}
	}
}

// TestLarderShell checks the static markup of the Larder page.
func TestLarderShell(t *testing.T) {
	var out strings.Builder
	if err := RenderShell(&out, state.PageLarder, os.DirFS("static/models")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<div id="app" data-page="larder" data-phase="booting">`, "<h1>The larder</h1>", `data-model="leaf" data-state="absent"`, `id="larder-shell"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q", want)
		}
	}
	if strings.Contains(out.String(), `id="photo"`) {
		t.Error("has the other page as well")
	}
}
