//go:build js

package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/hack-pad/safejs"
)

// connect finds what gives replies again (parts/repeats.js), and lets it say when it did.
// Without it every request is answered here.
func (h *jsHost) connect(told func()) error {
	v, err := safejs.Global().Get("larderRepeats")
	if err != nil || v.IsUndefined() {
		return err
	}
	tell, err := safejs.FuncOf(func(safejs.Value, []safejs.Value) any {
		go told() // it may wait
		return nil
	})
	if err != nil {
		return err
	}
	h.repeats = v
	return v.Set("tell", tell)
}

// Repeat implements host.
func (h *jsHost) Repeat(r repeat) {
	if !h.repeats.IsUndefined() {
		_, _ = h.repeats.Call("keep", r.ID, r.Request, r.Reply, r.Handle, r.Shared, since(r.Born), since(r.Until)) // else it is asked again
	}
}

// since returns a time as JavaScript counts it.
func since(t time.Time) float64 { return float64(t.UnixMilli()) }

// Forget implements host.
func (h *jsHost) Forget() {
	if !h.repeats.IsUndefined() {
		_, _ = h.repeats.Call("forget")
	}
}

// Repeated implements host.
func (h *jsHost) Repeated() []repeated {
	return readRepeated(h.told("take"))
}

// Shared implements host.
func (h *jsHost) Shared() map[int]int {
	out := map[int]int{}
	for f := strings.Fields(h.told("shared")); len(f) >= 2; f = f[2:] {
		handle, err := strconv.Atoi(f[0])
		n, err2 := strconv.Atoi(f[1])
		if err == nil && err2 == nil {
			out[handle] = n
		}
	}
	return out
}

// told asks for a text; there is none without who repeats.
func (h *jsHost) told(method string) string {
	if h.repeats.IsUndefined() {
		return ""
	}
	v, err := h.repeats.Call(method)
	if err != nil {
		return ""
	}
	text, _ := v.String()
	return text
}

// readRepeated reads a number, a count and the milliseconds of all of these together, of each
// reply that was given.
func readRepeated(text string) []repeated {
	var out []repeated
	for f := strings.Fields(text); len(f) >= 3; f = f[3:] {
		id, err := strconv.Atoi(f[0])
		n, err2 := strconv.ParseInt(f[1], 10, 64)
		ms, err3 := strconv.ParseFloat(f[2], 64)
		if err == nil && err2 == nil && err3 == nil && n > 0 {
			out = append(out, repeated{id, n, time.Duration(ms * float64(time.Millisecond) / float64(n))})
		}
	}
	return out
}
