package memory

import (
	"runtime"
	"weak"
)

// Ref refers to a value without keeping it alive. Make one with [Weak].
type Ref interface {
	// Value returns the value, or nil once nobody holds it.
	Value() any
	// Watch calls dead(arg) some time after the value was collected, unless stop is
	// called before. arg must not lead to the value.
	Watch(dead func(any), arg any) (stop func())
}

// Weak returns a Ref to what p points at. That must be at least 16 bytes or contain a
// pointer: Go may pack smaller things together, and they die together.
func Weak[T any](p *T) Ref { return ref[T]{weak.Make(p)} }

type ref[T any] struct{ p weak.Pointer[T] }

func (r ref[T]) Value() any {
	if p := r.p.Value(); p != nil {
		return p
	}
	return nil
}

func (r ref[T]) Watch(dead func(any), arg any) func() {
	p := r.p.Value()
	if p == nil {
		go dead(arg)
		return func() {}
	}
	return runtime.AddCleanup(p, dead, arg).Stop
}
