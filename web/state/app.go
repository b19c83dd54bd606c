package state

import (
	"errors"
	"sync"
	"time"

	"larder/wasm/message"
)

// Options are what an App is made of. Every field but Shell and Theme is needed.
type Options struct {
	Larder Larder
	Cache  Cache
	Host   Host
	Clock  Clock
	Notify func() // called, without any lock held, when View has changed
	Shell  Shell
	Page   Page  // empty means PageLeaf
	Theme  Theme // empty means ThemeAuto
	Online bool  // what the browser says at the start
}

// App is the page's state machine. Its methods may be called from any goroutine
// and from event handlers: none of them waits.
type App struct {
	// Stock is the Larder page's part.
	Stock *Stock

	larder Larder
	host   Host
	clock  Clock
	notify func()

	mu     sync.Mutex // guards everything below; never held across a call that waits
	page   Page
	phase  Phase
	online bool
	theme  Theme

	index    message.Index
	name     string // of the chosen model
	version  string // as chosen: empty for the latest
	demos    []Demo
	opened   bool
	loading  task
	checking bool // a refresh was asked for and has not been answered
	progress message.Progress
	model    Model
	info     message.Info
	outdated bool // another version answers by now

	picture *Picture
	work    task
	answer  *message.Prediction
	render  time.Duration // negative until measured

	failure *failure
}

// failure is a problem, and the step that it happened in.
type failure struct {
	step step
	err  *message.Error
}

// New returns an App in the phase Booting that shows what the shell showed.
// Nothing happens before Start.
func New(opt Options) *App {
	theme := opt.Theme
	if theme == "" {
		theme = ThemeAuto
	}
	page := opt.Page
	if page == "" {
		page = PageLeaf
	}
	a := &App{
		page:   page,
		larder: opt.Larder, host: opt.Host, clock: opt.Clock, notify: opt.Notify,
		phase: Booting, online: opt.Online, theme: theme,
		index: opt.Shell.Index, name: opt.Shell.pick(), demos: opt.Shell.Demos,
	}
	a.Stock = newStock(&opt, a.happened)
	return a
}

// update runs f under the lock and then tells the renderer.
func (a *App) update(f func()) {
	a.mu.Lock()
	f()
	a.mu.Unlock()
	a.notify()
}

// fail records a problem. It is called under the lock.
func (a *App) fail(s step, err error) {
	a.phase = Failed
	a.failure = &failure{step: s, err: asError(err)}
}

// asError returns err as the error of a message; one without a code is a defect.
func asError(err error) *message.Error {
	var e *message.Error
	if errors.As(err, &e) {
		return e
	}
	return &message.Error{Code: message.CodeInternal, Message: err.Error()}
}

// SetTheme chooses the colour theme.
func (a *App) SetTheme(t Theme) {
	a.update(func() { a.theme = t })
	a.host.ShowTheme(t)
}

// OpenCamera lets the person take a photo.
func (a *App) OpenCamera() { a.host.OpenCamera() }

// Act does what a person asked for on the Larder page.
func (a *App) Act(d Deed) { a.Stock.Act(d) }

// Import takes a file that was exported.
func (a *App) Import(file any) { a.Stock.Import(file) }

// Reload starts the page again.
func (a *App) Reload() { a.host.Reload() }
