package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	"larder/cache/store"
)

// use is what this Cache saw of the use of a stored version.
type use struct {
	hits int64     // requests since New that it answered without a download
	at   time.Time // of the last one, to the millisecond
}

// usesAfter is when uses are written down by themselves: a write for each version that was
// used meanwhile. Whoever ends the program without notice loses as much of them at the
// most: a browser that leaves a page ends its workers at once.
const usesAfter = 2 * time.Second

// uses keeps the uses of stored versions in their records, where those of all who share
// the store add up. They are the values of a Data that writes them back: many uses are one
// write, a write that fails is kept and tried again, and Flush and Close write what waits.
// A use never fails because it cannot be written down.
type uses struct {
	store store.Store
	data  *Data[string, use] // by record key

	mu   sync.Mutex
	seen map[string]*counted // by record key; of versions that are stored
}

// counted is a use, and what of it is in the store. That makes writing the same again
// harmless: only what the store does not have is added.
type counted struct {
	use
	told int64 // hits
}

func newUses(s store.Store, clock Clock) *uses {
	u := &uses{store: s, seen: map[string]*counted{}}
	u.data = newTyped(nil, DataOptions[string, use]{
		Limits:       Limits{MaxBytes: -1, Clock: clock}, // seen has them
		Hash:         func(key string) (string, error) { return key, nil },
		Codec:        Codec[use]{encodeUse, decodeUse},
		Backing:      u,
		Mode:         WriteBack,
		FlushAfter:   usesAfter,
		MaxUnwritten: math.MaxInt64, // a version waits once, and Set must not write: see add
	})
	return u
}

const useSize = 16

func encodeUse(n use) ([]byte, error) {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, useSize), uint64(n.hits))
	return binary.LittleEndian.AppendUint64(b, uint64(store.Milli(n.at))), nil
}

func decodeUse(b []byte) (use, error) {
	if len(b) != useSize {
		return use{}, errors.New("no use of a version")
	}
	return use{int64(binary.LittleEndian.Uint64(b)), store.FromMilli(int64(binary.LittleEndian.Uint64(b[8:])))}, nil
}

// add counts n uses. Set happens under the lock, so that a later use is the later value.
func (u *uses) add(key string, more int64, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := u.seen[key]
	if n == nil {
		n = &counted{}
		u.seen[key] = n
	}
	n.hits += more
	n.at = now
	_ = u.data.Set(context.Background(), key, n.use) // it was closed
}

// forget drops what was counted of a version that is not stored any more.
func (u *uses) forget(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.seen, key)
}

// complete adds to what the store says what it does not know yet.
func (u *uses) complete(s store.Snapshot) store.Snapshot {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, r := range s.Records {
		if n := u.seen[store.RecordKey(r.Name, r.Version)]; n != nil {
			s.Records[i] = store.Patch{AddHits: n.hits - n.told, UsedAt: n.at}.ApplyTo(r)
		}
	}
	return s
}

// close writes what waits, or gives it up.
func (u *uses) close() error {
	err := u.data.Close(context.Background())
	if err != nil {
		u.data.Abandon()
	}
	return err
}

// Read implements Backing: nobody asks.
func (u *uses) Read(context.Context, string) ([]byte, time.Time, error) {
	return nil, time.Time{}, nil
}

// Write implements Backing.
func (u *uses) Write(ctx context.Context, key string, data []byte, _ time.Time) error {
	total, err := decodeUse(data)
	u.mu.Lock()
	n := u.seen[key]
	if err != nil || n == nil || total.hits > n.hits {
		u.mu.Unlock()
		return err // it was counted for a version that is gone
	}
	more := total.hits - n.told
	u.mu.Unlock()
	name, version, _ := strings.Cut(key, "@")
	err = u.store.Touch(ctx, name, version, store.Patch{AddHits: more, UsedAt: total.at})
	if store.CodeOf(err) == store.NotFound {
		u.forget(key) // somebody evicted it meanwhile
		return nil
	}
	if err == nil {
		u.mu.Lock()
		n.told = total.hits
		u.mu.Unlock()
	}
	return err
}

// Delete implements Backing: nobody asks.
func (u *uses) Delete(context.Context, string) error { return nil }

// Flush writes down what Info tells about the use of versions: how often and when they
// answered. That happens by itself two seconds after a use, and at Close; a program calls
// Flush when it may be ended without notice, as a page that is hidden may.
func (c *Cache) Flush(ctx context.Context) error {
	if err := c.uses.data.Flush(ctx); err != nil {
		return c.wrap("flush", "", "", err)
	}
	return nil
}
