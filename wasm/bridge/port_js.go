//go:build js

package bridge

import (
	"github.com/hack-pad/safejs"
)

// Port is an end of a message channel: the global scope of a worker, a Worker,
// a MessagePort or a BroadcastChannel.
type Port struct{ value safejs.Value }

// Self returns the port of the worker that this program runs in.
func Self() Port { return Port{safejs.Global()} }

// NewPort wraps a Worker or a MessagePort.
func NewPort(v safejs.Value) Port { return Port{v} }

// Broadcast opens the channel of that name, which reaches the other tabs and workers of
// the origin that have opened it.
func Broadcast(name string) (Port, error) {
	v, err := class("BroadcastChannel").New(name)
	return Port{v}, wrap("broadcast", err)
}

// Post sends a message: a string, a number, a safejs.Value, or []any or map[string]any of
// such. The listed buffers are given away with it instead of copied.
func (p Port) Post(message any, transfer ...safejs.Value) error {
	if len(transfer) == 0 { // which a BroadcastChannel cannot
		_, err := p.value.Call("postMessage", message)
		return wrap("post", err)
	}
	list := make([]any, len(transfer))
	for i, t := range transfer {
		list[i] = t
	}
	_, err := p.value.Call("postMessage", message, list)
	return wrap("post", err)
}

// Listen calls handle with each message; handle must not wait for anything. It replaces
// the port's listener; stop removes it.
func (p Port) Listen(handle func(safejs.Value)) (stop func(), err error) {
	f, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		if data, err := first(args).Get("data"); err == nil {
			handle(data)
		}
		return nil
	})
	if err != nil {
		return nil, wrap("listen", err)
	}
	if err := p.value.Set("onmessage", f); err != nil {
		f.Release()
		return nil, wrap("listen", err)
	}
	return func() {
		_ = p.value.Set("onmessage", nil)
		f.Release()
	}, nil
}
