//go:build js

package bridge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hack-pad/safejs"
)

// eval runs a JavaScript expression.
func eval(t testing.TB, source string) safejs.Value {
	t.Helper()
	v, err := safejs.Global().Call("eval", "("+source+")")
	if err != nil {
		t.Fatalf("eval %s: %v", source, err)
	}
	return v
}

func TestAwait(t *testing.T) {
	tests := []struct {
		name, source string
		want         any
		err          *Error
	}{
		{"resolved", `Promise.resolve(7)`, 7.0, nil},
		{"resolved later", `new Promise(r => setTimeout(r, 1, "late"))`, "late", nil},
		{"not a promise", `"plain"`, "plain", nil},
		{"an object without then", `({then: 3, x: 1})`, map[string]any{"then": 3.0, "x": 1.0}, nil},
		{"rejected with an error", `Promise.reject(new RangeError("too far"))`, nil, &Error{"op", "RangeError", "too far"}},
		{"rejected with a string", `Promise.reject("no")`, nil, &Error{"op", "", "no"}},
		{"rejected with nothing", `Promise.reject()`, nil, &Error{"op", "", "<undefined>"}},
		{"rejected with a bigint", `Promise.reject(10n)`, nil, &Error{"op", "", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Await(t.Context(), "op", eval(t, tt.source))
			if tt.err != nil {
				var e *Error
				if !errors.As(err, &e) || *e != *tt.err {
					t.Fatalf("error %#v, want %#v", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equalTree(t, v, tt.want)
		})
	}
}

func TestAwaitEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	settle := eval(t, `(() => { let r; const p = new Promise(f => r = f); return {p, r} })()`)
	promise, _ := settle.Get("p")
	time.AfterFunc(0, cancel)
	if _, err := Await(ctx, "op", promise); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
	// The promise may settle afterwards: its callbacks must still be there.
	if _, err := settle.Call("r", 1); err != nil {
		t.Fatal(err)
	}
	Turn()
	if _, err := Await(ctx, "op", promise); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v for an ended context", err)
	}
}

// TestAwaitLeaves has promises that settle in the moment in which their context ends, and later.
func TestAwaitLeaves(t *testing.T) {
	for _, settles := range []bool{true, false} {
		s, err := newSettled()
		if err != nil {
			t.Fatal(err)
		}
		if settles {
			s.done <- true
		}
		s.leave()
		again, err := newSettled()
		if err != nil || (again == s) != settles || s.left == settles {
			t.Errorf("settles %t: used again %t, left %t, %v", settles, again == s, s.left, err)
		}
		again.rest()
	}
}

// TestBreatheHearsTheBell has a message waiting that only counts once the bell has
// rung: before that, Err does not give way.
func TestBreatheHearsTheBell(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	channel := eval(t, `new MessageChannel()`)
	near, _ := channel.Get("port1")
	far, _ := channel.Get("port2")
	stop, err := NewPort(near).Listen(func(safejs.Value) { cancel() })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := NewPort(far).Post("stop"); err != nil {
		t.Fatal(err)
	}
	bell := eval(t, `new Int32Array(new ArrayBuffer(4))`)
	breathing := Breathe(ctx, time.Hour, bell)
	for range 1000 {
		if breathing.Err() != nil {
			t.Fatal("the message was let in before the bell rang")
		}
	}
	for n := range 5000 {
		if err := bell.SetIndex(0, n+1); err != nil {
			t.Fatal(err)
		}
		if breathing.Err() != nil {
			_, _ = near.Call("close")
			return
		}
	}
	t.Fatal("the bell was not heard")
}

// TestBreathe computes without a pause until a message has come in, which it only
// can while Err gives way.
func TestBreathe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	channel := eval(t, `new MessageChannel()`)
	near, _ := channel.Get("port1")
	far, _ := channel.Get("port2")
	stop, err := NewPort(near).Listen(func(safejs.Value) { cancel() })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := NewPort(far).Post("stop"); err != nil {
		t.Fatal(err)
	}
	breathing := Breathe(ctx, 0, safejs.Undefined())
	// A browser needs a few turns; Node handles up to 1000 messages of one port
	// before it looks at the next.
	for range 5000 {
		if breathing.Err() != nil {
			_, _ = near.Call("close")
			return
		}
	}
	t.Fatal("the message did not arrive during the computation")
}
