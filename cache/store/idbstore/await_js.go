//go:build js

package idbstore

import (
	"github.com/hack-pad/safejs"
)

// await waits for a promise of the browser. It must not be called inside a callback.
func await(promise safejs.Value, err error) (safejs.Value, error) {
	if err != nil {
		return promise, err
	}
	type outcome struct {
		value safejs.Value
		err   error
	}
	done := make(chan outcome, 1)
	settled, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		done <- outcome{value: first(args)}
		return nil
	})
	if err != nil {
		return promise, err
	}
	defer settled.Release()
	refused, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		err := exceptionOf(first(args))
		if err == nil {
			err = &exception{name: "Error", message: "a promise was refused without a reason"}
		}
		done <- outcome{err: err}
		return nil
	})
	if err != nil {
		return promise, err
	}
	defer refused.Release()
	if _, err := promise.Call("then", settled, refused); err != nil {
		return promise, err
	}
	out := <-done
	return out.value, out.err
}

func first(args []safejs.Value) safejs.Value {
	if len(args) == 0 {
		return safejs.Undefined()
	}
	return args[0]
}
