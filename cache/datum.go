package cache

import (
	"context"
	"sync"
	"time"

	"larder/cache/memory"
)

// data is a Data without its types.
type data struct {
	*face
	unwritten *unwritten // with no backing, it has nothing to do
	mode      WriteMode
	attempts  int
	limit     int64
	loads     bool              // whether there is a load
	readable  func([]byte) bool // whether the codec can read what a backing has

	setting sync.Mutex // while a change is taken to be written back
	closing bool
}

// datum is a value as the codec wrote it. It does not change.
type datum struct{ data []byte }

// datumOverhead is what a value takes in memory besides its bytes, about.
const datumOverhead = 200

func newData(l Limits, released func(memory.Removal), b Backing, mode WriteMode, attempts int, delay time.Duration, limit int64) *data {
	d := &data{face: newFace("data", l, released), mode: mode, attempts: attempts, limit: limit}
	if b == nil {
		d.mode, b = WriteThrough, nowhere{}
	}
	if attempts == 0 {
		d.attempts = 3
	}
	if delay == 0 {
		delay = time.Second
	}
	if limit == 0 {
		d.limit = 4 << 20
	}
	d.unwritten = newUnwritten(b, d.limits.Clock, d.attempts, delay)
	return d
}

// get returns the bytes of a key; nobody may change them.
func (d *data) get(ctx context.Context, key string, load func(context.Context) ([]byte, error)) ([]byte, error) {
	l, err := d.face.get(ctx, key, func(ctx context.Context, now *loading) (memory.Value, error) {
		return d.find(ctx, key, now, load)
	})
	if err != nil {
		return nil, err
	}
	defer l.Release()
	return l.Value().(*datum).data, nil
}

// find looks behind the memory: at what is not written yet, into the backing, and then
// loads.
func (d *data) find(ctx context.Context, key string, now *loading, load func(context.Context) ([]byte, error)) (memory.Value, error) {
	if c, ok := d.unwritten.find(key); ok && c.data != nil {
		if v, ok := d.kept(ctx, key, c.data, c.written); ok {
			return v, nil
		}
	} else if !ok {
		b, written, err := d.unwritten.backing.Read(ctx, key)
		if err != nil && ctx.Err() != nil {
			return memory.Value{}, err
		}
		if err != nil && !d.loads {
			return memory.Value{}, d.failed(ctx, err, "the value could not be read")
		}
		if v, ok := d.kept(ctx, key, b, written); err == nil && ok {
			return v, nil
		}
	}
	b, err := load(ctx)
	if err != nil {
		return memory.Value{}, err
	}
	if b == nil {
		b = []byte{}
	}
	d.loaded(ctx, key, b, now)
	return d.value(key, b), nil
}

// kept makes a value of what was written at some time, if it may still be used.
func (d *data) kept(ctx context.Context, key string, b []byte, written time.Time) (memory.Value, bool) {
	v := d.value(key, b)
	if ttl := d.limits.TTL; ttl > 0 {
		clock := d.limits.Clock.Now()
		if !fresh(written, clock, ttl) {
			return v, false
		}
		v.TTL = ttl - clock.Sub(written)
	}
	return v, b != nil && d.readable(b) && (d.validate == nil || d.validate(ctx, v.Of))
}

func (d *data) value(key string, b []byte) memory.Value {
	return memory.Value{Of: &datum{b}, Bytes: int64(len(b)+len(key)) + datumOverhead}
}

// set makes b the value of a key; nil deletes it. Backing and memory change together, so
// that of two calls at the same time the same one wins in both.
func (d *data) set(ctx context.Context, key string, b []byte) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	if d.mode == WriteBack {
		return d.setBack(ctx, key, b)
	}
	if err := d.unwritten.enter(ctx); err != nil {
		return d.ended(ctx, err)
	}
	defer d.unwritten.leave()
	if err := d.unwritten.write(ctx, d.change(key, b), d.attempts); err != nil {
		return d.failed(ctx, err, "the value could not be written, nothing has changed")
	}
	d.remember(key, b)
	return nil
}

func (d *data) setBack(ctx context.Context, key string, b []byte) error {
	if d.full(b) {
		if err := d.flush(ctx); err != nil {
			return err
		}
	}
	d.setting.Lock()
	defer d.setting.Unlock()
	if d.closing {
		return &Error{Code: Closed, Op: d.op, Detail: "it is being closed"}
	}
	d.unwritten.add(key, b)
	d.remember(key, b)
	return nil
}

// minKeys is how many keys may wait to be written however few bytes may.
const minKeys = 1024

// full reports whether too much waits to be written for another change.
func (d *data) full(b []byte) bool {
	n, waiting := d.unwritten.size()
	return waiting > 0 && waiting+int64(len(b)) > d.limit || int64(n) >= max(minKeys, d.limit/64)
}

// remember makes the memory agree with a change.
func (d *data) remember(key string, b []byte) {
	d.overtake(key)
	if b == nil || d.limits.MaxBytes < 0 { // then nothing stays
		d.tier.Remove(key)
		return
	}
	d.tier.Put(key, d.value(key, b))
}

// loaded hands a value that was loaded on to the backing, unless another was set
// meanwhile. It serves whether or not the backing takes it.
func (d *data) loaded(ctx context.Context, key string, b []byte, now *loading) {
	if d.mode == WriteBack {
		d.setting.Lock()
		defer d.setting.Unlock()
		if !d.overtaken(now) && !d.closing && !d.full(b) {
			d.unwritten.add(key, b)
		}
		return
	}
	if d.unwritten.enter(ctx) != nil {
		return
	}
	defer d.unwritten.leave()
	if !d.overtaken(now) {
		_ = d.unwritten.write(ctx, d.change(key, b), 1)
	}
}

func (d *data) change(key string, b []byte) *change {
	return &change{key: key, data: b, written: d.limits.Clock.Now()}
}

func (d *data) flush(ctx context.Context) error {
	if err := d.unwritten.flush(ctx, d.attempts); err != nil {
		return d.failed(ctx, err, "changes could not be written: they are kept and tried again")
	}
	return nil
}

// close writes what waits to be written and ends everything. New changes are refused
// meanwhile, so that none is lost between the two; if writing fails they are taken again.
func (d *data) close(ctx context.Context) error {
	d.refuse(true)
	if err := d.flush(ctx); err != nil {
		d.refuse(false)
		return err
	}
	d.abandon()
	return nil
}

func (d *data) refuse(changes bool) {
	d.setting.Lock()
	defer d.setting.Unlock()
	d.closing = changes
}

func (d *data) abandon() {
	d.unwritten.close()
	d.face.close()
}

// failed explains an error of the backing.
func (d *data) failed(ctx context.Context, err error, detail string) error {
	if ctx.Err() != nil {
		return d.ended(ctx, ctx.Err())
	}
	return &Error{Code: CodeOf(err), Op: d.op, Detail: detail, Err: err}
}

// nowhere is the backing of a Data that has none.
type nowhere struct{}

func (nowhere) Read(context.Context, string) ([]byte, time.Time, error) { return nil, time.Time{}, nil }
func (nowhere) Write(context.Context, string, []byte, time.Time) error  { return nil }
func (nowhere) Delete(context.Context, string) error                    { return nil }
