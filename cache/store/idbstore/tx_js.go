//go:build js

package idbstore

import (
	"context"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// mode is how a transaction may use its object stores.
type mode struct {
	access     string // "readonly" or "readwrite"
	durability string // "relaxed" or "strict"
}

var (
	reading = mode{"readonly", "relaxed"}
	writing = mode{"readwrite", "relaxed"}
	strict  = mode{"readwrite", "strict"}
)

// tx is a transaction under way. Its methods are called from the body of do and from
// callbacks of its own requests, all of which run one after the other on the event
// loop.
type tx struct {
	s     *Store
	db    safejs.Value
	value safejs.Value
	offs  []func()
	err   error      // the first failure; it rolls the transaction back
	done  chan error // its outcome
}

// finish tells the outcome. Only the first counts.
func (t *tx) finish(err error) {
	select {
	case t.done <- err:
	default:
	}
}

// tries is how often a transaction may lose its connection: once when the database is
// deleted, and once more because the browser refuses to open it before that is done.
const tries = 3

// do runs body in a transaction over the object stores and waits for its end. If the
// connection turns out to be gone it is opened again and body runs once more, from the
// beginning: every operation of a Store may be repeated.
func (s *Store) do(ctx context.Context, op, key string, m mode, body func(t *tx), names ...string) error {
	err := s.once(ctx, op, key, m, body, names)
	for try := 1; try < tries && lost(err) && ctx.Err() == nil; try++ {
		err = s.once(ctx, op, key, m, body, names)
	}
	return err
}

func (s *Store) once(ctx context.Context, op, key string, m mode, body func(t *tx), names []string) error {
	if err := store.CheckContext(ctx, op, key); err != nil {
		return err
	}
	db, err := s.connection(ctx)
	if err != nil {
		return err
	}
	t := &tx{s: s, db: db, done: make(chan error, 1)}
	defer t.end()
	if err := t.begin(m, names); err != nil {
		s.drop(db) // a connection that cannot start a transaction is closing
		return typed(op, key, err)
	}
	body(t)
	select {
	case err = <-t.done:
	case <-ctx.Done():
		t.fail(store.CheckContext(ctx, op, key))
		err = <-t.done
	}
	switch {
	case err == nil:
		return nil // also if the context ended too late to stop it
	case t.err != nil:
		err = t.err
	case lost(err):
		s.drop(db)
	}
	return typed(op, key, err)
}

// begin starts the transaction. Its outcome is nil when it is complete, else the reason
// why it was rolled back.
func (t *tx) begin(m mode, names []string) (err error) {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = n
	}
	if t.value, err = t.db.Call("transaction", list, m.access, map[string]any{"durability": m.durability}); err != nil {
		return err
	}
	t.s.enter(t)
	return t.on(t.value, func(kind string, value, _ safejs.Value) {
		if kind == "complete" {
			t.finish(nil)
			return
		}
		// An abort by ourselves has no error of its own, and t.err says why; one without
		// either means that the connection was closed by force.
		e, _ := value.Get("error")
		err := exceptionOf(e)
		if err == nil {
			err = errForced
		}
		t.finish(err)
	}, "complete", "abort")
}

// errForced is the end of a transaction whose connection the browser closed.
var errForced = &exception{name: "AbortError", message: "the browser ended the transaction"}

// enter notes a transaction under way.
func (s *Store) enter(t *tx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[t] = true
}

// forced ends the transactions of a connection that the browser has closed: Chromium tells
// the connection always, a transaction that was about to begin not.
func (s *Store) forced(db safejs.Value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.running {
		if t.db.Equal(db) {
			t.finish(errForced)
		}
	}
}

// fail rolls the transaction back because of err.
func (t *tx) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	_, _ = t.value.Call("abort")
}

// on registers a handler until the transaction ends.
func (t *tx) on(v safejs.Value, f handler, kinds ...string) error {
	off, err := t.s.events.on(v, f, kinds...)
	if err == nil {
		t.offs = append(t.offs, off)
	}
	return err
}

func (t *tx) end() {
	t.s.mu.Lock()
	delete(t.s.running, t)
	t.s.mu.Unlock()
	for _, off := range t.offs {
		off()
	}
}

// ask makes a request to an object store. then, which may be nil, gets the result in a
// callback, in which further requests may be made; its error rolls the transaction
// back, as a failed request does by itself.
func (t *tx) ask(name string, then func(result safejs.Value) error, method string, args ...any) {
	if t.err != nil {
		return
	}
	os, err := t.value.Call("objectStore", name)
	if err == nil {
		var req safejs.Value
		if req, err = os.Call(method, args...); err == nil && then != nil {
			err = t.on(req, func(_ string, req, _ safejs.Value) {
				result, err := req.Get("result")
				if err == nil {
					err = then(result)
				}
				if err != nil {
					t.fail(err)
				}
			}, "success")
		}
	}
	if err != nil {
		t.fail(thrown(err))
	}
}
