//go:build js

package bridge

import (
	"context"
	"sync"
	"time"

	"github.com/hack-pad/safejs"
)

// Breathe returns a context for a long computation that checks ctx.Err() now and
// then. Go in a browser has one thread, which it gives back only when every
// goroutine waits: a message that cancels a computation would arrive after its
// end. Err of the returned context therefore lets the host handle what it has
// received, at most once in every, before it answers.
//
// bell, if it is a shared Int32Array, is looked at each time: when its first element
// has changed, whoever changed it has sent a message that should be handled now.
//
// Only one goroutine at a time may call Err of the returned context.
func Breathe(ctx context.Context, every time.Duration, bell safejs.Value) context.Context {
	b := &breath{Context: ctx, every: every, last: time.Now()}
	if Is(bell, "Int32Array") {
		b.bell, b.hears = bell, true
		b.rung = b.look()
	}
	return b
}

type breath struct {
	context.Context
	every time.Duration
	last  time.Time
	bell  safejs.Value
	hears bool // there is a bell
	rung  int  // what it said last
}

// look returns the bell's first element.
func (b *breath) look() int {
	v, err := b.bell.Index(0)
	if err != nil {
		return b.rung
	}
	n, err := v.Int()
	if err != nil {
		return b.rung
	}
	return n
}

// Err implements context.Context.
func (b *breath) Err() error {
	rung := b.rung
	if b.hears {
		rung = b.look()
	}
	if now := time.Now(); rung != b.rung || now.Sub(b.last) >= b.every {
		Turn()
		b.last, b.rung = time.Now(), rung
	}
	return b.Context.Err()
}

// Turn waits until the host has handled the messages that it had received when
// Turn was called. It must not be called inside a callback from the host.
//
// A message to oneself is queued behind those; a timer would be delayed by the
// host to 4 ms and more.
func Turn() {
	done := make(chan struct{})
	turns.Lock()
	err := turns.start()
	if err == nil {
		turns.waiting = append(turns.waiting, done)
		_, err = turns.port.Call("postMessage", nil)
	}
	turns.Unlock()
	if err != nil {
		time.Sleep(time.Millisecond) // no MessageChannel: a timer also gives way
		return
	}
	<-done
}

// turns is the message channel that the program has with itself.
var turns turner

type turner struct {
	sync.Mutex
	port    safejs.Value
	started bool
	waiting []chan struct{}
}

func (t *turner) start() error {
	if t.started {
		return nil
	}
	channel, err := class("MessageChannel").New()
	if err != nil {
		return err
	}
	receive, err := channel.Get("port1")
	if err != nil {
		return err
	}
	if t.port, err = channel.Get("port2"); err != nil {
		return err
	}
	// This function lives as long as the program.
	f, err := safejs.FuncOf(func(safejs.Value, []safejs.Value) any {
		t.Lock()
		defer t.Unlock()
		if len(t.waiting) > 0 {
			close(t.waiting[0])
			t.waiting = t.waiting[1:]
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err = receive.Set("onmessage", f); err != nil {
		return err
	}
	t.started = true
	return nil
}
