package main

import (
	"context"
	"syscall/js"

	"github.com/hack-pad/safejs"

	"larder/wasm/bridge"
	"larder/wasm/message"
)

// await waits for a promise of larder.js. What it is rejected with, a LarderError
// or any other, comes back as a *message.Error.
//
// It waits for the promise even when ctx ends: the signal that was given to
// larder.js makes it settle.
func await(op string, promise js.Value) (js.Value, error) {
	var failure error
	caught := js.FuncOf(func(_ js.Value, args []js.Value) any {
		failure = errorOf(args[0])
		return nil
	})
	defer caught.Release()
	value, err := bridge.Await(context.Background(), op, safejs.Safe(promise.Call("catch", caught)))
	if failure != nil {
		return js.Undefined(), failure
	}
	if err != nil {
		return js.Undefined(), &message.Error{Code: message.CodeInternal, Message: err.Error()}
	}
	return safejs.Unsafe(value), nil
}

// errorOf reads what a promise was rejected with.
func errorOf(reason js.Value) *message.Error {
	e := &message.Error{Code: message.CodeInternal, Message: js.Global().Get("String").Invoke(reason).String()}
	if reason.Type() != js.TypeObject {
		return e
	}
	if m := reason.Get("message"); m.Type() == js.TypeString {
		e.Message = m.String()
	}
	if c := reason.Get("code"); c.Type() == js.TypeString { // a DOMException's code is a number
		e.Code = c.String()
	} else if reason.Get("name").Equal(js.ValueOf("AbortError")) {
		e.Code = message.CodeAborted
	}
	return e
}

// signal returns an AbortSignal that fires when ctx ends. stop ends the
// connection.
func signal(ctx context.Context) (js.Value, func() bool) {
	controller := js.Global().Get("AbortController").New()
	return controller.Get("signal"), context.AfterFunc(ctx, func() { controller.Call("abort") })
}
