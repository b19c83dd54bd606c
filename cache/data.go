package cache

import (
	"bytes"
	"context"
	"time"

	"larder/cache/memory"
	"larder/cache/metrics"
	"larder/cache/policy"
)

// Data keeps values by copy: everybody gets a value of their own, which they may change.
// Values are kept as a codec writes them, under the hash of the arguments that they were
// loaded with, in memory and, if there is a Backing, beyond it. For instances that are
// shared there is [Resource].
//
//	memory ▸ backing ▸ load
//
// Values may be written too: through to the backing at once, or back to it later. A
// program whose values are written back calls Flush when it may end soon: in a browser,
// when the page is hidden (visibilitychange, pagehide).
type Data[A, T any] struct {
	core *data
	load func(context.Context, A) (T, error)
	opt  DataOptions[A, T]
	key  func(A) (string, error)
}

// Codec writes values as bytes and reads them. Decode must not keep the bytes, and gives
// an error for those that it cannot read. Package codec has some.
type Codec[T any] struct {
	Encode func(T) ([]byte, error)
	Decode func([]byte) (T, error)
}

// WriteMode says when values reach the backing.
type WriteMode int

// The modes.
const (
	// WriteThrough: before Set returns. If that fails Set does, and nothing has changed.
	WriteThrough WriteMode = iota
	// WriteBack: after FlushAfter, or at a Flush. Several writes of one key are one.
	WriteBack
)

// DataOptions says how a Data keeps its values. Codec is required.
type DataOptions[A, T any] struct {
	Limits
	Codec Codec[T]
	// Hash returns the key of the arguments. Default HashOf. Keys in a backing outlive the
	// program, so the hash of the same arguments must stay the same.
	Hash func(A) (string, error)
	// Validate says whether a kept value can still be used. If it says no, it is loaded
	// anew.
	Validate func(context.Context, T) bool
	// OnRelease is called once for each value that leaves the memory. It must not block,
	// nor use the Data.
	OnRelease func(key string, bytes int64, cause Cause)
	// Backing keeps values beyond the memory. nil: nothing does.
	Backing Backing
	Mode    WriteMode
	// FlushAfter is when changes are written back by themselves. Zero: 1 s; negative:
	// never. While that fails the pauses grow up to a minute.
	FlushAfter time.Duration
	// MaxUnwritten bounds the bytes of changes that wait to be written back: the Set that
	// exceeds it flushes first, and what was loaded then does not wait. The number of keys is
	// bounded too, by 1,024 or one for each 64 bytes of it, whichever is more. Zero: 4 MiB.
	MaxUnwritten int64
	// Attempts is how often one write is tried before it counts as failed. Zero: 3.
	Attempts int
}

// NewData makes a Data whose values come from load, which may be nil if all values are
// Set. load may be called for several keys at once; a panic in it is an error. Its context
// is as with [NewResource].
func NewData[A, T any](load func(context.Context, A) (T, error), opt DataOptions[A, T]) *Data[A, T] {
	opt.Hash = keyOf(opt.Hash)
	if opt.Policy == nil {
		opt.Policy = policy.Sized()
	}
	return newTyped(load, opt)
}

// newTyped is NewData without its defaults, so that a program which has its own does not
// link them.
func newTyped[A, T any](load func(context.Context, A) (T, error), opt DataOptions[A, T]) *Data[A, T] {
	if opt.Codec.Encode == nil || opt.Codec.Decode == nil {
		opt.Codec = noCodec[T]()
	}
	d := &Data[A, T]{load: load, opt: opt, key: opt.Hash}
	var released func(memory.Removal)
	if opt.OnRelease != nil {
		released = func(r memory.Removal) { opt.OnRelease(r.Key, r.Bytes, r.Cause) }
	}
	d.core = newData(opt.Limits, released, opt.Backing, opt.Mode, opt.Attempts, opt.FlushAfter, opt.MaxUnwritten)
	d.core.loads = load != nil
	d.core.readable = func(b []byte) bool {
		_, err := opt.Codec.Decode(b)
		return err == nil
	}
	if opt.Validate != nil {
		d.core.validate = func(ctx context.Context, kept any) bool {
			v, err := opt.Codec.Decode(kept.(*datum).data)
			return err == nil && opt.Validate(ctx, v)
		}
	}
	return d
}

// Get returns the value for args: from memory, from the backing, or loaded. Errors are
// load's own, the codec's, or an *Error: NotFound (there is no load), Aborted, Closed,
// InvalidInput (args have no key), Internal (load panicked, or waits for itself);
// without a load, those of the backing too.
func (d *Data[A, T]) Get(ctx context.Context, args A) (T, error) {
	var none T
	key, err := d.key(args)
	if err != nil {
		return none, err
	}
	data, err := d.core.get(ctx, key, func(ctx context.Context) ([]byte, error) {
		if d.load == nil {
			return nil, &Error{Code: NotFound, Op: "data", Detail: "nothing is kept under " + key}
		}
		v, err := d.load(ctx, args)
		if err != nil {
			return nil, err
		}
		return d.opt.Codec.Encode(v)
	})
	if err != nil {
		return none, err
	}
	return d.opt.Codec.Decode(data)
}

// Set makes v the value for args.
func (d *Data[A, T]) Set(ctx context.Context, args A, v T) error {
	key, err := d.key(args)
	if err != nil {
		return err
	}
	b, err := d.opt.Codec.Encode(v)
	if err != nil {
		return err
	}
	if b == nil {
		b = []byte{}
	}
	return d.core.set(ctx, key, b)
}

// Delete forgets the value for args, in memory and in the backing, like Set.
func (d *Data[A, T]) Delete(ctx context.Context, args A) error {
	key, err := d.key(args)
	if err != nil {
		return err
	}
	return d.core.set(ctx, key, nil)
}

// Flush writes back what waits to be written, each key once, in the order of the last change of each
// key. It stops at the first error; what is not written is kept and tried again. After
// Close or Abandon it is an error with the code Closed.
func (d *Data[A, T]) Flush(ctx context.Context) error {
	if err := d.core.open(ctx); err != nil {
		return err
	}
	return d.core.flush(ctx)
}

// Unwritten returns how many keys wait to be written back, and their bytes.
func (d *Data[A, T]) Unwritten() (keys int, bytes int64) { return d.core.unwritten.size() }

// Clear forgets everything in memory. The backing, and what waits to be written, stay.
func (d *Data[A, T]) Clear() { d.core.clear() }

// Shrink gives up a part, 0 to 1, of the memory, because it is short. It returns how many
// bytes went.
func (d *Data[A, T]) Shrink(part float64) int64 { return d.core.tier.Shrink(part) }

// Stats returns the counters so far, and the sizes now.
func (d *Data[A, T]) Stats() metrics.Snapshot { return d.core.tier.Stats() }

// Close flushes, and if that succeeds ends all loads and forgets everything. If it fails
// nothing is closed, so that nothing is lost: call it again, or Abandon.
func (d *Data[A, T]) Close(ctx context.Context) error {
	return d.core.close(ctx)
}

// Abandon closes without flushing.
func (d *Data[A, T]) Abandon() {
	d.core.abandon()
}

// noCodec stands in for a codec that is missing.
func noCodec[T any]() Codec[T] {
	missing := &Error{Code: InvalidInput, Op: "data", Detail: "DataOptions.Codec is missing"}
	return Codec[T]{
		func(T) ([]byte, error) { return nil, missing },
		func([]byte) (v T, err error) { return v, missing },
	}
}

// BytesCodec keeps bytes as they are.
func BytesCodec() Codec[[]byte] {
	same := func(b []byte) ([]byte, error) { return bytes.Clone(b), nil }
	return Codec[[]byte]{same, same}
}

// TextCodec keeps strings.
func TextCodec() Codec[string] {
	return Codec[string]{
		func(s string) ([]byte, error) { return []byte(s), nil },
		func(b []byte) (string, error) { return string(b), nil },
	}
}
