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
	s := &settled{done: make(chan struct{})}
	if err := s.attach(op, promise); err != nil {
		return safejs.Undefined(), err
	}
	select {
	case <-s.done:
		return s.value, s.err
	case <-ctx.Done():
		return safejs.Undefined(), ctx.Err()
	}
}

// settled receives the outcome of one promise. Its callbacks are released when
// the promise settles and not before: a host that calls a released function
// logs an error.
type settled struct {
	ok, bad safejs.Func
	done    chan struct{}
	value   safejs.Value
	err     error
}

func (s *settled) attach(op string, promise safejs.Value) error {
	var err error
	s.ok, err = safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		s.value = first(args)
		s.settle()
		return nil
	})
	if err != nil {
		return wrap(op, err)
	}
	s.bad, err = safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		s.err = errorOf(op, first(args))
		s.settle()
		return nil
	})
	if err != nil {
		s.ok.Release()
		return wrap(op, err)
	}
	if _, err = promise.Call("then", s.ok, s.bad); err != nil {
		s.release()
	}
	return wrap(op, err)
}

func (s *settled) settle() {
	s.release()
	close(s.done)
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
