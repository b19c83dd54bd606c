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
	value safejs.Value
	offs  []func()
	err   error // the first failure; it rolls the transaction back
}

// do runs body in a transaction over the object stores and waits for its end. If the
// connection turns out to be gone it is opened again and body runs once more, from the
// beginning: every operation of a Store may be repeated.
func (s *Store) do(ctx context.Context, op, key string, m mode, body func(t *tx), names ...string) error {
	err := s.once(ctx, op, key, m, body, names)
	if lost(err) && ctx.Err() == nil {
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
	t := &tx{s: s}
	defer t.end()
	done, err := t.begin(db, m, names)
	if err != nil {
		s.drop(db) // a connection that cannot start a transaction is closing
		return typed(op, key, err)
	}
	body(t)
	select {
	case err = <-done:
	case <-ctx.Done():
		t.fail(store.CheckContext(ctx, op, key))
		err = <-done
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

// begin starts the transaction. done gets nil when it is complete, else the reason why
// it was rolled back.
func (t *tx) begin(db safejs.Value, m mode, names []string) (done chan error, err error) {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = n
	}
	if t.value, err = db.Call("transaction", list, m.access, map[string]any{"durability": m.durability}); err != nil {
		return nil, err
	}
	done = make(chan error, 1)
	return done, t.on(t.value, func(kind string, value, _ safejs.Value) {
		if kind == "complete" {
			done <- nil
			return
		}
		// An abort by ourselves has no error of its own, and t.err says why; one without
		// either means that the connection was closed by force.
		e, _ := value.Get("error")
		err := exceptionOf(e)
		if err == nil {
			err = &exception{name: "AbortError", message: "the browser ended the transaction"}
		}
		done <- err
	}, "complete", "abort")
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
