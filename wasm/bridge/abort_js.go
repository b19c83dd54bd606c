//go:build js

package bridge

import (
	"context"

	"github.com/hack-pad/safejs"
)

// abortSignal returns a signal that aborts when ctx ends. stop forgets ctx; the
// signal then never fires.
func abortSignal(ctx context.Context) (signal safejs.Value, stop func(), err error) {
	controller, err := class("AbortController").New()
	if err != nil {
		return signal, nil, wrap("abort", err)
	}
	if signal, err = controller.Get("signal"); err != nil {
		return signal, nil, wrap("abort", err)
	}
	// An AbortController that is no longer in use ignores abort.
	cancel := context.AfterFunc(ctx, func() { _, _ = controller.Call("abort") })
	return signal, func() { cancel() }, nil
}
