//go:build js

package idbstore

import (
	"github.com/hack-pad/safejs"
)

// await waits for a promise of the browser. It must not be called inside a callback.
//
// wasm/bridge has a more able one, with contexts. Nothing in cache may import wasm, and a
// package for both would be a third place that knows the host, for these lines.
func await(promise safejs.Value, err error) (safejs.Value, error) {
	if err != nil {
		return promise, err
	}
	done := make(chan safejs.Value, 1)
	ok := false
	settle := func(_ safejs.Value, args []safejs.Value) any {
		done <- first(args)
		return nil
	}
	settled, err := safejs.FuncOf(func(this safejs.Value, args []safejs.Value) any {
		ok = true
		return settle(this, args)
	})
	if err != nil {
		return promise, err
	}
	defer settled.Release()
	refused, err := safejs.FuncOf(settle)
	if err != nil {
		return promise, err
	}
	defer refused.Release()
	if _, err := promise.Call("then", settled, refused); err != nil {
		return promise, err
	}
	value := <-done
	if ok {
		return value, nil
	}
	if err = exceptionOf(value); err == nil {
		err = &exception{name: "Error", message: "a promise was refused without a reason"}
	}
	return value, err
}

func first(args []safejs.Value) safejs.Value {
	if len(args) == 0 {
		return safejs.Undefined()
	}
	return args[0]
}
