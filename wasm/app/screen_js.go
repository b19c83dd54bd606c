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
			continue
		}
		moved := view.Phase != s.root.View.Phase && view.Picture != nil
		s.root.View = view
		start := time.Now()
		if err := s.draw(); err != nil {
			panic(err)
		}
		if view.Answer != nil {
			s.app.Rendered(time.Since(start))
		}
		if moved {
			s.reveal()
		}
	}
}

// reveal scrolls to what comes of a picture, where the page is longer than the
// screen: on a phone it stands below the picture.
func (s *screen) reveal() {
	verdict := js.Global().Get("document").Call("getElementById", "verdict")
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
