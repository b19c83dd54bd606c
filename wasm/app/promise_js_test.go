package main

import (
	"context"
	"errors"
	"syscall/js"
	"testing"

	"larder/wasm/message"
)

// rejected returns a promise that is rejected with reason.
func rejected(reason any) js.Value { return js.Global().Get("Promise").Call("reject", reason) }

func TestAwait(t *testing.T) {
	value, err := await("test", js.Global().Get("Promise").Call("resolve", 7))
	if err != nil || value.Int() != 7 {
		t.Errorf("got %v, %v", value, err)
	}
}

func TestAwaitErrors(t *testing.T) {
	global := js.Global()
	larderError := global.Get("Error").New("the file is damaged")
	larderError.Set("code", "corrupt")
	tests := []struct {
		name          string
		reason        any
		code, message string
	}{
		{"a LarderError", larderError, message.CodeCorrupt, "the file is damaged"},
		{"an exception", global.Get("TypeError").New("x is not a function"), message.CodeInternal, "x is not a function"},
		{"an abort", global.Get("DOMException").New("stopped", "AbortError"), message.CodeAborted, "stopped"},
		{"a string", "no", message.CodeInternal, "no"},
		{"nothing", js.Undefined(), message.CodeInternal, "undefined"},
		{"null", nil, message.CodeInternal, "null"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := await("test", rejected(tt.reason))
			var e *message.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Message != tt.message {
				t.Errorf("got %#v, want %s: %s", err, tt.code, tt.message)
			}
		})
	}
}

func TestSignal(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	sig, stop := signal(ctx)
	defer stop()
	fired := make(chan struct{})
	on(sig, "abort", func(js.Value) { close(fired) })
	if sig.Get("aborted").Bool() {
		t.Error("aborted before the context ended")
	}
	cancel()
	<-fired

	ctx, cancel = context.WithCancel(context.Background())
	sig, stop = signal(ctx)
	stop()
	cancel()
	if sig.Get("aborted").Bool() {
		t.Error("aborted although it was let go")
	}
}

// TestModel checks the reading of what larder.js gives: a frozen info without the
// handle, and the demo pictures from the manifest's text.
func TestModel(t *testing.T) {
	value := js.Global().Call("eval", `({info: Object.freeze({
		model: {name: "leaf", version: "2.0.0", digest: "00", freshness: "fresh"}, title: "Leaf", task: "image-classification",
		inputs: [], outputs: [], labels: [{id: "rust", display: "Bean rust"}], unknownThreshold: 0.94, source: "store", bytes: 12, threads: 1,
		manifest: '{"outputs":[{"labels":[{"id":"rust","display":"Bean rust"}]}],"demos":[{"file":"demo/a.jpg","label":"rust"}]}'})})`)
	m, err := newModel(value)
	if err != nil {
		t.Fatal(err)
	}
	if info := m.Info(); info.Model.Version != "2.0.0" || info.UnknownThreshold != 0.94 || info.Bytes != 12 {
		t.Errorf("info %+v", info)
	}
	if d := m.Demos(); len(d) != 1 || d[0].URL != "models/leaf/2.0.0/demo/a.jpg" || d[0].Display != "Bean rust" {
		t.Errorf("demos %+v", d)
	}
	if _, err := newModel(js.Global().Call("eval", `({info: 3})`)); err == nil {
		t.Error("an info that is a number is accepted")
	}
}
