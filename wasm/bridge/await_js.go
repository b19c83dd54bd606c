//go:build js

package bridge

import (
	"context"

	"github.com/hack-pad/safejs"
)

// Await waits until promise settles, or ctx ends, and returns its value. A value
// that is not a promise is returned as it is. It must not be called inside a
// callback from the host.
//
// If ctx ends first the promise goes on; whoever started it stops it.
func Await(ctx context.Context, op string, promise safejs.Value) (safejs.Value, error) {
	if err := ctx.Err(); err != nil {
		return safejs.Undefined(), err
	}
	if kindOf(promise) != safejs.TypeObject {
		return promise, nil
	}
	then, err := promise.Get("then")
	if err != nil || kindOf(then) != safejs.TypeFunction {
		return promise, nil
	}
	s, err := newSettled()
	if err != nil {
		return safejs.Undefined(), wrap(op, err)
	}
	if _, err := promise.Call("then", s.ok, s.bad); err != nil {
		s.release()
		return safejs.Undefined(), wrap(op, err)
	}
	select {
	case good := <-s.done:
		value := s.value
		s.rest()
		if !good {
			return safejs.Undefined(), errorOf(op, value)
		}
		return value, nil
	case <-ctx.Done():
		s.leave()
		return safejs.Undefined(), ctx.Err()
	}
}

// settled receives the outcome of a promise, and then of another: making its callbacks
// costs more than all the rest of waiting for one. They are released after a promise
// settled and not before: a host that calls a released function logs an error.
type settled struct {
	ok, bad safejs.Func
	done    chan bool // whether it was kept
	value   safejs.Value
	left    bool // nobody waits any more
}

// idle are those that wait for nothing.
var idle = make(chan *settled, 16)

func newSettled() (*settled, error) {
	select {
	case s := <-idle:
		return s, nil
	default:
	}
	s := &settled{done: make(chan bool, 1)}
	var err error
	if s.ok, err = s.callback(true); err != nil {
		return nil, err
	}
	if s.bad, err = s.callback(false); err != nil {
		s.ok.Release()
	}
	return s, err
}

func (s *settled) callback(good bool) (safejs.Func, error) {
	return safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		if s.left {
			s.release()
			return nil
		}
		s.value = first(args)
		s.done <- good
		return nil
	})
}

// rest keeps it for another promise.
func (s *settled) rest() {
	s.value = safejs.Value{}
	select {
	case idle <- s:
	default:
		s.release()
	}
}

// leave gives it up for the promise that it has, which may have settled already.
func (s *settled) leave() {
	select {
	case <-s.done:
		s.rest()
	default:
		s.left = true
	}
}

func (s *settled) release() {
	s.ok.Release()
	s.bad.Release()
}

func first(args []safejs.Value) safejs.Value {
	if len(args) == 0 {
		return safejs.Undefined()
	}
	return args[0]
}

// call calls a method of v that returns a promise, and awaits it.
func call(ctx context.Context, op string, v safejs.Value, method string, args ...any) (safejs.Value, error) {
	p, err := v.Call(method, args...)
	if err != nil {
		return p, wrap(op, err)
	}
	return Await(ctx, op, p)
}
