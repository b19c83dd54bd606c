package cache

import (
	"strings"
	"time"

	"larder/cache/memory"
	"larder/cache/metrics"
	"larder/cache/store"
)

// Memo remembers predictions: who asks a model the same thing again within five minutes
// gets the same answer, and nothing is computed. It keeps what it is given as it is, so
// values must not be changed afterwards.
//
// An answer is known by the session, the model and the input. What changes a model in a
// session, learning say, must change the session's name or Forget it.
type Memo struct{ tier *memory.Tier }

// MemoKey says which question an answer belongs to.
type MemoKey struct {
	Session string       // whose; must not contain a zero byte
	Model   string       // the digest of the version
	Input   store.Digest // of what the model was asked
}

func (k MemoKey) text() string { return k.Session + "\x00" + k.Model + "\x00" + string(k.Input[:]) }

// MemoTTL is for how long a Memo usually remembers an answer.
const MemoTTL = 5 * time.Minute

// MemoOptions says what a Memo keeps. The zero value is usual.
type MemoOptions struct {
	TTL      time.Duration // of an answer. Zero: MemoTTL
	MaxBytes int64         // of all answers. Zero: 4 MiB
	Clock    Clock         // default SystemClock
}

// NewMemo makes a Memo.
func NewMemo(opt MemoOptions) *Memo {
	if opt.TTL == 0 {
		opt.TTL = MemoTTL
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = 4 << 20
	}
	if opt.Clock == nil {
		opt.Clock = SystemClock()
	}
	return &Memo{memory.New(memory.Options{MaxBytes: opt.MaxBytes, TTL: opt.TTL, Clock: opt.Clock})}
}

// Get returns the answer to a question, if it is remembered.
func (m *Memo) Get(k MemoKey) (any, bool) { return m.tier.Get(k.text()) }

// Again counts that an answer which Get returned was given n times more, and how long each
// took: for who answers at once what was asked just now.
func (m *Memo) Again(k MemoKey, n int64, took time.Duration) { m.tier.Again(k.text(), n, took) }

// Put remembers an answer of about so many bytes.
func (m *Memo) Put(k MemoKey, answer any, bytes int64) {
	key := k.text()
	m.tier.Put(key, memory.Value{Of: answer, Bytes: bytes + int64(len(key)) + datumOverhead})
}

// Forget forgets all answers of a session and returns how many there were.
func (m *Memo) Forget(session string) int {
	return m.tier.RemoveAll(func(key string) bool { return strings.HasPrefix(key, session+"\x00") })
}

// Shrink gives up a part, 0 to 1, because memory is short.
func (m *Memo) Shrink(part float64) int64 { return m.tier.Shrink(part) }

// Stats returns the counters so far, and the sizes now.
func (m *Memo) Stats() metrics.Snapshot { return m.tier.Stats() }
