package main

import (
	"fmt"
	"reflect"
	"syscall/js"
	"time"

	"github.com/vugu/vugu"
	"github.com/vugu/vugu/domrender"

	"larder/web"
	"larder/web/state"
)

// mountPoint selects the element that the static shell and the app share.
const mountPoint = "#app"

// mountMain is the id of the page's content: having the focus, it stays where it is.
const mountMain = "main"

// screen draws views: at most one per frame, and none that looks like the one
// before it.
type screen struct {
	boot     js.Value
	dirty    chan struct{} // holds one token when there may be something new
	frame    chan struct{} // receives when the browser is about to paint
	renderer *domrender.JSRenderer
	env      *vugu.BuildEnv
	root     *web.Root
	app      *state.App
	focused  string // the id of the element that the focus goes to next; empty: it stays
}

func newScreen(boot js.Value) *screen {
	return &screen{boot: boot, dirty: make(chan struct{}, 1), frame: make(chan struct{}, 1)}
}

// invalidate says that there may be something new to draw. It never waits.
func (s *screen) invalidate() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// focus moves the keyboard's focus to an element after what is new has been drawn.
func (s *screen) focus(id string) {
	s.focused = id
	s.invalidate()
}

// moveFocus does what focus asked for.
func (s *screen) moveFocus() {
	if s.focused == "" {
		return
	}
	if e := js.Global().Get("document").Call("getElementById", s.focused); e.Truthy() {
		e.Call("focus", map[string]any{"preventScroll": s.focused == mountMain})
	}
	s.focused = ""
}

// activeElement is what has the focus, the body if nothing has.
func activeElement() js.Value {
	document := js.Global().Get("document")
	if e := document.Get("activeElement"); e.Truthy() {
		return e
	}
	return document.Get("body")
}

// keepFocus sees to it that who uses the keyboard does not start from the top of the page because
// the element that had the focus is gone, nor stands on another button, because it became that.
func (s *screen) keepFocus(held js.Value, id string) {
	document := js.Global().Get("document")
	now := activeElement()
	gone := now.Equal(document.Get("body"))
	if s.focused != "" || held.Equal(document.Get("body")) || !gone && now.Get("id").String() == id {
		return
	}
	to := id
	if id == "" || !document.Call("getElementById", id).Truthy() {
		to = s.app.Instead(id)
	}
	if gone || to != mountMain { // a button whose text alone has changed keeps the focus
		s.focused = to
	}
}

// show takes over the static page.
func (s *screen) show(root *web.Root, app *state.App) error {
	renderer, err := domrender.New(mountPoint)
	if err != nil {
		return fmt.Errorf("app: renderer: %w", err)
	}
	env, err := vugu.NewBuildEnv(renderer.EventEnv())
	if err != nil {
		return fmt.Errorf("app: renderer: %w", err)
	}
	s.renderer, s.env, s.root, s.app = renderer, env, root, app
	go func() {
		for renderer.EventWait() { // one per event that Vugu has handled
			s.invalidate()
		}
	}()
	return s.draw()
}

// run draws whenever there is something new. It does not return.
func (s *screen) run() {
	request := js.Global().Get("requestAnimationFrame")
	painting := js.FuncOf(func(js.Value, []js.Value) any {
		s.frame <- struct{}{}
		return nil
	})
	for range s.dirty {
		request.Invoke(painting)
		<-s.frame
		view := s.app.View()
		if reflect.DeepEqual(view, s.root.View) {
			s.moveFocus()
			continue
		}
		moved := view.Phase != s.root.View.Phase && view.Picture != nil
		s.root.View = view
		held := activeElement()
		id := held.Get("id").String()
		start := time.Now()
		if err := s.draw(); err != nil {
			panic(err)
		}
		s.keepFocus(held, id)
		if view.Answer != nil {
			s.app.Rendered(time.Since(start))
		}
		if moved {
			s.reveal()
		}
		s.moveFocus()
	}
}

// reveal scrolls to what comes of a picture, where the page is longer than the
// screen: on a phone it stands below the picture.
func (s *screen) reveal() {
	verdict := js.Global().Get("document").Call("getElementById", "verdict")
	if !verdict.Truthy() {
		return // another page is on show
	}
	verdict.Call("scrollIntoView", map[string]any{"block": "nearest"})
}

// draw brings the page in line with the root. Vugu's lock is not taken: Go in a
// browser has one thread, nothing in here waits, and an event that fired inside a
// render would wait for the lock forever.
func (s *screen) draw() error {
	if err := s.renderer.Render(s.env.RunBuild(s.root)); err != nil {
		return fmt.Errorf("app: render: %w", err)
	}
	return nil
}
