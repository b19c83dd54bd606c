//go:build js

package idbstore

import (
	"sync"

	"github.com/hack-pad/safejs"
)

// events is the one callback behind all requests, transactions and connections of a
// Store. Each of them carries a number in a property; the callback looks up who waits
// for it. It lives as long as the program: an event may come after Close.
type events struct {
	fn safejs.Func

	mu      sync.Mutex
	next    int
	waiting map[int]handler
}

// handler is told the type of an event ("success", "complete" …), the object that it
// happened to, and the event.
type handler func(kind string, target, event safejs.Value)

// idProperty is where an IndexedDB object carries its number.
const idProperty = "larderId"

func newEvents() (*events, error) {
	e := &events{waiting: map[int]handler{}}
	var err error
	e.fn, err = safejs.FuncOf(e.handle)
	return e, err
}

func (e *events) handle(_ safejs.Value, args []safejs.Value) any {
	if len(args) == 0 {
		return nil
	}
	target, err := args[0].Get("target")
	if err != nil || target.Type() != safejs.TypeObject {
		return nil
	}
	e.mu.Lock()
	f := e.waiting[int(numberAt(target, idProperty))]
	e.mu.Unlock()
	if f != nil {
		f(stringAt(args[0], "type"), target, args[0])
	}
	return nil
}

// on calls f for these events ("success", "complete" …) of v until off. f runs on the
// event loop: it must not block.
func (e *events) on(v safejs.Value, f handler, kinds ...string) (off func(), err error) {
	e.mu.Lock()
	e.next++
	id := e.next
	e.waiting[id] = f
	e.mu.Unlock()
	off = func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.waiting, id)
	}
	err = v.Set(idProperty, id)
	for _, kind := range kinds {
		if err == nil {
			err = v.Set("on"+kind, e.fn.Value())
		}
	}
	if err != nil {
		off()
	}
	return off, err
}
