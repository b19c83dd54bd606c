package state

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"larder/wasm/message"
)

// The double of larder.js and the browser: every call that waits is handed to the
// test, which answers it when it likes.

// call is one call that waits for the test's answer.
type call struct {
	ctx    context.Context
	what   string // "open", "index", "load leaf@", "predict 1.0.0", "fetch URL", "refresh leaf"
	onward func(message.Progress)
	answer chan reply
}

type reply struct {
	value any
	err   error
}

// rig is an App with its surroundings.
type rig struct {
	t   *testing.T
	app *App

	mu       sync.Mutex
	calls    []*call // that wait for an answer
	all      []*call
	cache    fakeCache
	released []string
	disposed []string
	focused  string
	theme    Theme
	page     Page // that the browser was told to show
	notified int
	now      time.Time
}

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// testIndex is what the registry of the tests offers.
var testIndex = message.Index{Default: "leaf", Models: []message.IndexModel{
	{Name: "leaf", Title: "Bean leaf", Versions: []string{"1.0.0", "2.0.0"}, Aliases: map[string]string{"latest": "2.0.0"}},
	{Name: "small", Versions: []string{"1.0.0"}},
	{Name: "words", Task: "text-classification", Versions: []string{"1.0.0"}}, // nothing for this page
}}

// run runs a test inside a bubble: synctest.Wait returns when every goroutine of
// the app waits for an answer.
func run(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, now: start}
		r.cache.rig = r
		r.app = New(Options{
			Larder: r, Cache: &r.cache, Host: r, Clock: func() time.Time { return r.now }, Notify: func() { r.mu.Lock(); r.notified++; r.mu.Unlock() },
			Shell:  Shell{Index: testIndex, Demos: []Demo{{Label: "rust", Display: "Bean rust", URL: "models/leaf/2.0.0/demo/rust.jpg"}}},
			Online: true,
		})
		f(t, r)
		synctest.Wait()                   // what the test set going may be about to call
		for i := 0; i < len(r.all); i++ { // let what still waits end, and what comes of that
			select {
			case r.all[i].answer <- reply{err: errGone}:
			default: // it has been answered
			}
			synctest.Wait()
		}
	})
}

var errGone = &message.Error{Code: message.CodeClosed, Message: "the test is over"}

func (r *rig) wait(ctx context.Context, what string, onward func(message.Progress)) (any, error) {
	c := &call{ctx: ctx, what: what, onward: onward, answer: make(chan reply, 1)}
	r.mu.Lock()
	r.calls, r.all = append(r.calls, c), append(r.all, c)
	r.mu.Unlock()
	got := <-c.answer
	return got.value, got.err
}

// take removes and returns the waiting calls of a kind; all, for the empty string.
func (r *rig) take(what string) []*call {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var taken []*call
	r.calls = slices.DeleteFunc(r.calls, func(c *call) bool {
		hit := what == "" || c.what == what
		if hit {
			taken = append(taken, c)
		}
		return hit
	})
	return taken
}

// one returns the only waiting call of a kind.
func (r *rig) one(what string) *call {
	r.t.Helper()
	list := r.take(what)
	if len(list) != 1 {
		r.t.Fatalf("%d calls of %q wait, want 1; others: %v", len(list), what, r.waiting())
	}
	return list[0]
}

func (r *rig) waiting() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, c := range r.calls {
		list = append(list, c.what)
	}
	return list
}

// answer answers the only waiting call of a kind.
func (r *rig) answer(what string, value any, err error) {
	r.t.Helper()
	r.one(what).answer <- reply{value, err}
	synctest.Wait()
}

func (r *rig) phase(want Phase) View {
	r.t.Helper()
	synctest.Wait()
	v := r.app.View()
	if v.Phase != want {
		r.t.Fatalf("phase %q, want %q (problem %+v)", v.Phase, want, v.Problem)
	}
	return v
}

// ready brings the app to the phase Ready.
func (r *rig) ready() {
	r.t.Helper()
	r.app.Start()
	r.answer("open", nil, nil)
	r.answer("index", testIndex, nil)
	r.answer("load leaf@", r.model("2.0.0"), nil)
	r.phase(Ready)
}

func (r *rig) Open(ctx context.Context) error {
	_, err := r.wait(ctx, "open", nil)
	return err
}

func (r *rig) Index(ctx context.Context) (message.Index, error) {
	v, err := r.wait(ctx, "index", nil)
	index, _ := v.(message.Index)
	return index, err
}

func (r *rig) Load(ctx context.Context, name, version string, onProgress func(message.Progress)) (Model, error) {
	v, err := r.wait(ctx, "load "+name+"@"+version, onProgress)
	m, _ := v.(Model)
	return m, err
}

func (r *rig) Refresh(ctx context.Context, name string, onProgress func(message.Progress)) error {
	_, err := r.wait(ctx, "refresh "+name, onProgress)
	return err
}

func (r *rig) Fetch(ctx context.Context, url string) (any, error) {
	return r.wait(ctx, "fetch "+url, nil)
}

func (r *rig) Release(p Picture) {
	r.released = append(r.released, p.URL)
	r.app.View() // whenever the page is drawn, the state must fit together
}
func (r *rig) ShowTheme(t Theme) { r.theme = t }
func (r *rig) OpenCamera()       {}
func (r *rig) Focus(id string)   { r.focused = id }
func (r *rig) Reload()           {}
func (r *rig) ShowPage(p Page)   { r.page = p }
func (r *rig) model(v string) *fakeModel {
	return &fakeModel{rig: r, info: message.Info{
		Handle: 1, Title: "Bean leaf", Source: message.SourceStore, Bytes: 4_441_612, Threads: 1, UnknownThreshold: 0.94,
		Model: version(v),
	}}
}

// version is what the registry of the tests says about a version of leaf.
func version(v string) message.Version {
	return message.Version{Name: "leaf", Version: v, Digest: "0123456789abcdef0123", Created: "2026-11-01T00:00:00Z",
		Freshness: message.Fresh, CheckedAt: "2026-11-21T11:57:00Z", NextRefresh: "2026-11-22T11:57:00Z"}
}

// fakeModel is a model whose predictions the test answers.
type fakeModel struct {
	rig   *rig
	info  message.Info
	demos []Demo
}

func (m *fakeModel) Info() message.Info { return m.info }
func (m *fakeModel) Demos() []Demo      { return m.demos }
func (m *fakeModel) Dispose()           { m.rig.disposed = append(m.rig.disposed, m.info.Model.Version) }
func (m *fakeModel) Predict(ctx context.Context, picture any) (message.Prediction, error) {
	v, err := m.rig.wait(ctx, "predict "+picture.(string)+" by "+m.info.Model.Version, nil)
	p, _ := v.(message.Prediction)
	return p, err
}

// rust is an answer: bean rust, nearly certain.
func rust() message.Prediction {
	return message.Prediction{Label: "rust", Model: version("2.0.0"),
		Classes: []message.Class{
			{Label: "rust", Display: "Bean rust", Probability: 0.984},
			{Label: "spot", Display: "Angular leaf spot", Probability: 0.0157},
			{Label: "healthy", Display: "", Probability: 0.0003},
		},
		Timing: message.Timing{Decode: 8.4, Preprocess: 3.1, Infer: 402, Postprocess: 0.01, Total: 413.6}}
}

func photo(name string) Picture {
	return Picture{Source: FromFile, Name: name, URL: "blob:" + name, Data: name}
}
