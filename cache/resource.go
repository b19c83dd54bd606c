package cache

import (
	"context"

	"larder/cache/memory"
	"larder/cache/metrics"
)

// Resource keeps shared instances of what is costly to make and must not be copied:
// loaded models, connections, indexes. Everybody who asks with equal arguments gets the
// same instance, by a [Lease], and it is made once however many ask at the same time.
//
// An instance leaves because its time is over, others need its room, or the program says
// so; it is released when, after that, its last lease has ended. For values by copy, or
// values that must outlive the program, there is [Data].
type Resource[A, T any] struct {
	face *face
	load func(context.Context, A) (T, error)
	opt  ResourceOptions[A, T]
	key  func(A) (string, error)
}

// ResourceOptions says how a Resource keeps its instances. The zero value keeps
// everything for ever.
type ResourceOptions[A, T any] struct {
	Limits
	// Hash returns the key of the arguments. Default HashOf.
	Hash func(A) (string, error)
	// Size returns an instance's bytes, for MaxBytes and the policy. Default: 1 for each.
	Size func(T) int64
	// Validate says whether an instance can still be used. It is asked whenever a kept
	// one would be given out; if it says no, that one is released and another made.
	Validate func(context.Context, T) bool
	// OnRelease is called once for each instance, after its last lease, to close it. It
	// must not block; it may use the Resource. An instance that was held weakly is gone
	// when the callback comes: then it gets the zero value and metrics.Collected.
	OnRelease func(T, Cause)
	// Weak returns a weak reference to an instance: memory.Weak[M] if T is *M. With it,
	// an instance that the limits would release is kept as long as the program holds it
	// itself. Do not use it for what has to be closed.
	Weak func(T) memory.Ref
}

// NewResource makes a Resource whose instances come from load. load may be called for
// several keys at once; a panic in it is an error. Its context ends when nobody waits
// for it any more, or with Close. It may ask for other keys, here or elsewhere, with that
// context: loads that would wait for each other for ever end in an error then.
func NewResource[A, T any](load func(context.Context, A) (T, error), opt ResourceOptions[A, T]) *Resource[A, T] {
	r := &Resource[A, T]{load: load, opt: opt, key: keyOf(opt.Hash)}
	var released func(memory.Removal)
	if opt.OnRelease != nil {
		released = func(m memory.Removal) {
			v, _ := m.Value.(T)
			opt.OnRelease(v, m.Cause)
		}
	}
	r.face = newFace("resource", opt.Limits, released)
	if opt.Validate != nil {
		r.face.validate = func(ctx context.Context, v any) bool {
			t, _ := v.(T)
			return opt.Validate(ctx, t)
		}
	}
	return r
}

// Get returns a lease on the instance for args, and makes it if there is none. The
// caller must Release it. Errors are load's own, or an *Error: Aborted, Closed,
// InvalidInput (args have no key), Internal (load panicked, or waits for itself).
func (r *Resource[A, T]) Get(ctx context.Context, args A) (*Lease[T], error) {
	key, err := r.key(args)
	if err != nil {
		return nil, err
	}
	l, err := r.face.get(ctx, key, func(ctx context.Context, _ *loading) (memory.Value, error) {
		v, err := r.load(ctx, args)
		if err != nil {
			return memory.Value{}, err
		}
		return r.value(v), nil
	})
	if err != nil {
		return nil, err
	}
	v, _ := l.Value().(T)
	return &Lease[T]{Value: v, lease: l}, nil
}

func (r *Resource[A, T]) value(v T) memory.Value {
	out := memory.Value{Of: v}
	if r.opt.Size != nil {
		out.Bytes = r.opt.Size(v)
	}
	if r.opt.Weak != nil {
		out.Weak = r.opt.Weak(v)
	}
	return out
}

// Forget lets go of the instance for args and reports whether there was one. What is in
// use is released with its last lease; what is being loaded is given to those who wait
// for it, and not kept.
func (r *Resource[A, T]) Forget(args A) bool {
	key, err := r.key(args)
	return err == nil && r.face.forget(key)
}

// Clear forgets everything.
func (r *Resource[A, T]) Clear() { r.face.clear() }

// Shrink gives up a part, 0 to 1, of what nobody uses, because memory is short. It
// returns how many bytes went.
func (r *Resource[A, T]) Shrink(part float64) int64 { return r.face.tier.Shrink(part) }

// Stats returns the counters so far, and the sizes now.
func (r *Resource[A, T]) Stats() metrics.Snapshot { return r.face.tier.Stats() }

// Close ends all loads and forgets everything. Leases stay valid. Closing twice is no
// error.
func (r *Resource[A, T]) Close() { r.face.close() }

// Lease is the use of an instance. A Lease that is forgotten ends when the garbage
// collector finds it.
type Lease[T any] struct {
	// Value is the instance. It may be used until Release.
	Value T
	lease *memory.Lease
}

// Release ends the use. Calling it more than once is no error.
func (l *Lease[T]) Release() { l.lease.Release() }
