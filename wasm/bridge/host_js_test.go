//go:build js

package bridge

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/hack-pad/safejs"
)

func TestSHA256(t *testing.T) {
	data := []byte("a chunk")
	v, err := Uint8Array(data)
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(data)
	if got, err := SHA256(t.Context(), v); err != nil || got != want {
		t.Errorf("WebCrypto: %x, %v; want %x", got, err, want)
	}
	// The same without WebCrypto.
	real := class("crypto")
	classes.m["crypto"] = eval(t, `({})`)
	defer func() { classes.m["crypto"] = real }()
	if got, err := SHA256(t.Context(), v); err != nil || got != want {
		t.Errorf("without WebCrypto: %x, %v; want %x", got, err, want)
	}
}

func TestLock(t *testing.T) {
	if !HasLocks() {
		if _, _, err := Lock(t.Context(), "x", false, true); !errors.Is(err, ErrNoLocks) {
			t.Errorf("error %v, want ErrNoLocks", err)
		}
		return
	}
	name := "larder:test"
	release := mustLock(t, name, false, true)
	if _, ok, err := Lock(t.Context(), name, false, false); ok || err != nil {
		t.Errorf("a held lock was had: %v, %v", ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(0, cancel)
	if _, ok, err := Lock(ctx, name, false, true); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v, %v", ok, err)
	}
	got := make(chan func())
	go func() { got <- mustLock(t, name, false, true) }()
	release()
	release()
	(<-got)()
	one, two := mustLock(t, name, true, true), mustLock(t, name, true, false)
	if _, ok, _ := Lock(t.Context(), name, false, false); ok {
		t.Error("a shared lock was had alone")
	}
	one()
	two()
	mustLock(t, name, false, true)()
}

func mustLock(t *testing.T, name string, shared, wait bool) func() {
	t.Helper()
	release, ok, err := Lock(t.Context(), name, shared, wait)
	if err != nil || !ok {
		t.Fatalf("Lock: %v, %v", ok, err)
	}
	return release
}

func TestPort(t *testing.T) {
	channel := eval(t, `new MessageChannel()`)
	near, _ := channel.Get("port1")
	far, _ := channel.Get("port2")
	defer func() { _, _ = near.Call("close") }()
	got := make(chan safejs.Value, 2)
	stop, err := NewPort(far).Listen(func(v safejs.Value) { got <- v })
	if err != nil {
		t.Fatal(err)
	}
	buffer := eval(t, `new ArrayBuffer(8)`)
	if err := NewPort(near).Post(map[string]any{"id": 1, "b": buffer}, buffer); err != nil {
		t.Fatal(err)
	}
	v := <-got
	b, _ := v.Get("b")
	if integer(v, "id") != 1 || integer(b, "byteLength") != 8 || integer(buffer, "byteLength") != 0 {
		t.Errorf("arrived with %d bytes, %d are left", integer(b, "byteLength"), integer(buffer, "byteLength"))
	}
	if err := NewPort(near).Post(eval(t, `() => 1`)); err == nil {
		t.Error("a function was sent")
	}
	stop()
}
