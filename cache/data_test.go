package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/codec"
	"larder/cache/store"
	"larder/cache/store/memstore"
)

// notes is a backing that remembers the order of writes and fails when told.
type notes struct {
	mu     sync.Mutex
	kept   map[string]string
	at     map[string]time.Time
	writes []string
	fail   int // so many writes from now on
	during func(key string)
}

var errFull = errors.New("the disk is full")

func newNotes() *notes { return &notes{kept: map[string]string{}, at: map[string]time.Time{}} }

func (n *notes) Read(_ context.Context, key string) ([]byte, time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := n.kept[key]
	if !ok {
		return nil, time.Time{}, nil
	}
	return []byte(v), n.at[key], nil
}

func (n *notes) Write(_ context.Context, key string, data []byte, at time.Time) error {
	return n.change(key, string(data), at, true)
}

func (n *notes) Delete(_ context.Context, key string) error {
	return n.change(key, "", time.Time{}, false)
}

func (n *notes) change(key, v string, at time.Time, there bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail > 0 {
		n.fail--
		return errFull
	}
	n.writes = append(n.writes, key+"="+v)
	if there {
		n.kept[key], n.at[key] = v, at
	} else {
		delete(n.kept, key)
	}
	if n.during != nil {
		during := n.during
		n.during = nil
		n.mu.Unlock()
		during(key)
		n.mu.Lock()
	}
	return nil
}

func (n *notes) want(t *testing.T, want ...string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.writes, want) {
		t.Errorf("wrote %q, want %q", n.writes, want)
	}
	n.writes = nil
}

// ledger is a Data of texts.
type ledger struct {
	*cache.Data[string, string]
	t     *testing.T
	clock *fakeClock
	notes *notes
	loads atomic.Int64
}

func newLedger(t *testing.T, change func(*cache.DataOptions[string, string])) *ledger {
	l := &ledger{t: t, clock: newClock(), notes: newNotes()}
	opt := cache.DataOptions[string, string]{Limits: cache.Limits{Clock: l.clock}, Codec: cache.TextCodec(), Backing: l.notes,
		Hash: func(s string) (string, error) { return s, nil }}
	if change != nil {
		change(&opt)
	}
	l.Data = cache.NewData(func(_ context.Context, key string) (string, error) {
		return fmt.Sprint(key, l.loads.Add(1)), nil
	}, opt)
	return l
}

func (l *ledger) get(key, want string) {
	l.t.Helper()
	if v, err := l.Get(l.t.Context(), key); err != nil || v != want {
		l.t.Errorf("%s is %q, %v; want %q", key, v, err, want)
	}
}

func (l *ledger) set(key, v string) {
	l.t.Helper()
	if err := l.Set(l.t.Context(), key, v); err != nil {
		l.t.Error(err)
	}
}

func writeBack(o *cache.DataOptions[string, string]) { o.Mode = cache.WriteBack }

func TestDataIsCopied(t *testing.T) {
	type point struct{ X, Y []int }
	n := 0
	d := cache.NewData(func(_ context.Context, k int) (point, error) { n++; return point{X: []int{k}}, nil },
		cache.DataOptions[int, point]{Codec: codec.JSON[point]()})
	a, err := d.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	a.X[0] = 99
	if b, _ := d.Get(t.Context(), 1); b.X[0] != 1 || n != 1 {
		t.Errorf("%v after %d loads", b, n)
	}
	g := codec.Gob[point]()
	raw, err := g.Encode(point{Y: []int{3}})
	if p, err2 := g.Decode(raw); err != nil || err2 != nil || p.Y[0] != 3 {
		t.Error(p, err, err2)
	}
	if _, err := g.Decode([]byte("no")); err == nil {
		t.Error("gob read nonsense")
	}
}

func TestWriteThrough(t *testing.T) {
	l := newLedger(t, func(o *cache.DataOptions[string, string]) { o.Attempts = 2 })
	l.get("a", "a1")
	l.get("a", "a1")
	l.notes.want(t, "a=a1")
	l.set("a", "new")
	l.get("a", "new")
	l.notes.want(t, "a=new")
	l.notes.fail = 1
	l.set("a", "newer") // the second attempt
	l.notes.want(t, "a=newer")
	l.notes.fail = 2
	if err := l.Set(t.Context(), "a", "newest"); !errors.Is(err, errFull) || cache.CodeOf(err) != cache.Internal {
		t.Error(err)
	}
	l.get("a", "newer")
	l.notes.fail = 9
	l.get("b", "b2") // a value serves though it cannot be kept
	l.notes.fail = 0
	l.Clear()
	l.get("a", "newer")
	l.get("b", "b3")
	if err := l.Delete(t.Context(), "a"); err != nil || l.loads.Load() != 3 {
		t.Error(err, l.loads.Load())
	}
	l.get("a", "a4")
	l.notes.want(t, "b=b3", "a=", "a=a4")
}

func TestWriteBack(t *testing.T) {
	l := newLedger(t, writeBack)
	l.set("a", "1")
	l.set("b", "2")
	l.set("a", "3")
	l.get("a", "3")
	l.notes.want(t)
	if n, bytes := l.Unwritten(); n != 2 || bytes != 2 {
		t.Error(n, bytes)
	}
	l.Clear()
	l.get("a", "3") // neither in memory nor in the backing, and not lost
	if err := l.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	l.notes.want(t, "b=2", "a=3") // by the last change of each, once
	l.set("c", "4")
	if err := l.Delete(t.Context(), "b"); err != nil {
		t.Error(err)
	}
	l.get("b", "b1") // the backing still has it, but it was deleted
	l.clock.advance(time.Second)
	l.notes.want(t, "c=4", "b=b1")
	if n, _ := l.Unwritten(); n != 0 {
		t.Error(n)
	}
	if len(l.clock.timers) != 0 {
		t.Error("a timer runs for nothing")
	}
}

// TestFailedFlushLosesNothing fails again and again.
func TestFailedFlushLosesNothing(t *testing.T) {
	l := newLedger(t, writeBack)
	for _, key := range []string{"a", "b", "c"} {
		l.set(key, key)
	}
	l.notes.fail = 3
	if err := l.Flush(t.Context()); !errors.Is(err, errFull) {
		t.Error(err)
	}
	l.notes.want(t)
	l.set("b", "later")
	l.notes.during = func(string) { l.notes.mu.Lock(); l.notes.fail = 3; l.notes.mu.Unlock() }
	if err := l.Flush(t.Context()); !errors.Is(err, errFull) {
		t.Error(err)
	}
	l.notes.want(t, "a=a")
	if n, _ := l.Unwritten(); n != 2 {
		t.Errorf("%d changes wait", n)
	}
	l.notes.fail = 6 // the timer fails twice, and waits longer each time
	for range 10 {
		l.clock.advance(time.Second)
	}
	l.notes.want(t, "c=c", "b=later")
	l.notes.fail = 99
	l.set("d", "d")
	if err := l.Close(t.Context()); !errors.Is(err, errFull) {
		t.Error(err)
	}
	l.set("e", "e") // it is not closed
	l.notes.fail = 0
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
	l.notes.want(t, "d=d", "e=e")
	if err := l.Set(t.Context(), "f", "f"); cache.CodeOf(err) != cache.Closed {
		t.Error(err)
	}
	if len(l.clock.timers) != 0 {
		t.Errorf("%d timers run", len(l.clock.timers))
	}
}

// TestNothingIsKept has a Data whose memory keeps nothing: what is not written yet is there
// all the same.
func TestNothingIsKept(t *testing.T) {
	released := 0
	l := newLedger(t, func(o *cache.DataOptions[string, string]) {
		o.Mode, o.MaxBytes = cache.WriteBack, -1
		o.OnRelease = func(string, int64, cache.Cause) { released++ }
	})
	for _, v := range []string{"1", "22", "333"} {
		l.set("a", v)
	}
	if n, bytes := l.Unwritten(); n != 1 || bytes != 3 || l.Stats().Entries != 0 {
		t.Error(n, bytes, l.Stats())
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	l.notes.want(t, "a=333")
	if released != 0 {
		t.Errorf("%d values were released that never came in", released)
	}
	l.get("a", "333") // from the backing
}

// TestChangedWhileWriting changes a key while its old value is being written.
func TestChangedWhileWriting(t *testing.T) {
	l := newLedger(t, writeBack)
	l.set("a", "old")
	l.notes.during = func(string) { l.set("a", "new") }
	if err := l.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	l.notes.want(t, "a=old")
	l.Clear()
	l.get("a", "new")
	if n, bytes := l.Unwritten(); n != 1 || bytes != 3 {
		t.Errorf("%d changes of %d bytes wait", n, bytes)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	l.notes.want(t, "a=new")
}

// TestChangedBeforeItsTurn changes a key while a flush writes another: who flushes because
// the program ends has no next time.
func TestChangedBeforeItsTurn(t *testing.T) {
	l := newLedger(t, writeBack)
	l.set("a", "1")
	l.set("b", "2")
	l.notes.during = func(key string) {
		if key == "a" {
			l.set("b", "3")
		}
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	l.notes.want(t, "a=1", "b=3")
	if n, bytes := l.Unwritten(); n != 0 || bytes != 0 {
		t.Errorf("%d changes of %d bytes wait", n, bytes)
	}
}

func TestAbandonLosesWhatIsNotWritten(t *testing.T) {
	l := newLedger(t, writeBack)
	l.set("a", "1")
	l.Abandon()
	if err := l.Flush(t.Context()); cache.CodeOf(err) != cache.Closed {
		t.Error(err)
	}
	l.notes.want(t)
}

// stuck is a backing that takes nothing until the context ends.
type stuck struct {
	*notes
	began, ended chan struct{}
}

func (s stuck) Write(ctx context.Context, _ string, _ []byte, _ time.Time) error {
	close(s.began)
	<-ctx.Done()
	close(s.ended)
	return ctx.Err()
}

// TestAbandonEndsWrites checks that a write which began by itself does not outlive the Data.
func TestAbandonEndsWrites(t *testing.T) {
	s := stuck{newNotes(), make(chan struct{}), make(chan struct{})}
	l := newLedger(t, func(o *cache.DataOptions[string, string]) {
		o.Mode, o.Backing, o.FlushAfter = cache.WriteBack, s, time.Second
	})
	l.set("a", "1")
	go l.clock.advance(time.Second)
	<-s.began
	l.Abandon()
	<-s.ended
}

func TestDataCountsAndShrinks(t *testing.T) {
	l := newLedger(t, nil)
	l.get("a", "a1")
	l.get("a", "a1")
	if s := l.Stats(); s.Hits != 1 || s.Misses != 1 || s.Entries != 1 {
		t.Errorf("%+v", s)
	}
	held := l.Stats().Bytes
	if n := l.Shrink(1); n == 0 || n != held {
		t.Errorf("%d bytes of %d went", n, held)
	}
	if s := l.Stats(); s.Entries != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
}

func TestTooMuchUnwritten(t *testing.T) {
	l := newLedger(t, func(o *cache.DataOptions[string, string]) {
		o.Mode, o.MaxUnwritten, o.FlushAfter = cache.WriteBack, 10, -1
	})
	l.set("a", "12345")
	l.set("b", "12345")
	l.notes.want(t)
	l.set("c", "1")
	l.notes.want(t, "a=12345", "b=12345")
	l.notes.fail = 99
	l.set("d", "123456789")
	if err := l.Set(t.Context(), "e", "12"); !errors.Is(err, errFull) {
		t.Error(err)
	}
	if _, bytes := l.Unwritten(); bytes > 10 {
		t.Errorf("%d bytes wait", bytes)
	}
	l.get("e", "e1")
}

// TestLoadedIsNotTooMuch checks that values which are loaded, and keys which are deleted,
// do not pile up while the backing takes nothing.
func TestLoadedIsNotTooMuch(t *testing.T) {
	l := newLedger(t, func(o *cache.DataOptions[string, string]) {
		o.Mode, o.MaxUnwritten, o.FlushAfter, o.MaxEntries = cache.WriteBack, 2000, -1, 10
	})
	l.notes.fail = math.MaxInt
	for i := range 1000 {
		key := fmt.Sprint(i)
		l.get(key, fmt.Sprint(key, i+1))
	}
	if n, bytes := l.Unwritten(); n == 0 || bytes > 2000 {
		t.Errorf("%d loaded values wait", n)
	}
	var err error
	for i := 0; i < 5000 && err == nil; i++ {
		err = l.Delete(t.Context(), fmt.Sprint("d", i))
	}
	if n, _ := l.Unwritten(); n > 1024 || !errors.Is(err, errFull) {
		t.Errorf("%d keys wait to be deleted: %v", n, err)
	}
}

// TestUnreadableBacking checks that a Data without a load says what is wrong with its
// backing instead of that there is nothing, and one with a load goes on without it.
func TestUnreadableBacking(t *testing.T) {
	s := memstore.New()
	open := func(load func(context.Context, string) (string, error)) *cache.Data[string, string] {
		return cache.NewData(load, cache.DataOptions[string, string]{Codec: cache.TextCodec(), Backing: cache.Documents(s, "")})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(nil).Get(t.Context(), "a"); cache.CodeOf(err) != cache.Closed {
		t.Errorf("%v", err)
	}
	v, err := open(func(context.Context, string) (string, error) { return "loaded", nil }).Get(t.Context(), "a")
	if err != nil || v != "loaded" {
		t.Error(v, err)
	}
}

// TestNoCodec checks that a Data without its codec says so.
func TestNoCodec(t *testing.T) {
	d := cache.NewData(func(context.Context, string) (string, error) { return "a", nil }, cache.DataOptions[string, string]{})
	_, err := d.Get(t.Context(), "a")
	for _, err := range []error{err, d.Set(t.Context(), "a", "b")} {
		if cache.CodeOf(err) != cache.InvalidInput || !strings.Contains(err.Error(), "Codec") {
			t.Error(err)
		}
	}
}

// TestBackingIsNotBelieved gives values that are too old, unreadable or refused.
func TestBackingIsNotBelieved(t *testing.T) {
	l := newLedger(t, func(o *cache.DataOptions[string, string]) {
		o.TTL = time.Minute
		o.Validate = func(_ context.Context, s string) bool { return s != "bad" }
		read := o.Codec.Decode
		o.Codec.Decode = func(b []byte) (string, error) {
			if string(b) == "unreadable" {
				return "", errors.New("unreadable")
			}
			return read(b)
		}
	})
	now := l.clock.Now()
	for key, v := range map[string]string{"good": "kept", "old": "x", "future": "x", "bad": "bad", "odd": "unreadable"} {
		l.notes.kept[key], l.notes.at[key] = v, now.Add(-30*time.Second)
	}
	l.notes.at["old"], l.notes.at["future"] = now.Add(-time.Minute), now.Add(time.Hour)
	l.get("good", "kept")
	for i, key := range []string{"old", "future", "bad", "odd"} {
		l.get(key, fmt.Sprint(key, i+1))
	}
	l.clock.advance(30 * time.Second)
	l.get("good", "good5") // it was 30 seconds old when it was read
}

// TestSetWhileLoading checks that a write wins over a load that began before it.
func TestSetWhileLoading(t *testing.T) {
	for _, mode := range []cache.WriteMode{cache.WriteThrough, cache.WriteBack} {
		for _, deleted := range []bool{false, true} {
			t.Run(fmt.Sprint(mode, deleted), func(t *testing.T) {
				started, goOn := make(chan struct{}, 2), make(chan struct{})
				n := newNotes()
				d := cache.NewData(func(context.Context, string) (string, error) {
					started <- struct{}{}
					<-goOn
					return "loaded", nil
				}, cache.DataOptions[string, string]{Codec: cache.TextCodec(), Backing: n, Mode: mode, Limits: cache.Limits{Clock: newClock()}})
				got := make(chan string)
				ask := func() { v, _ := d.Get(t.Context(), "a"); got <- v }
				go ask()
				<-started
				var err error
				if deleted {
					err = d.Delete(t.Context(), "a")
				} else {
					err = d.Set(t.Context(), "a", "set")
				}
				if err != nil {
					t.Fatal(err)
				}
				close(goOn)
				first := <-got
				if err := d.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if deleted {
					if first != "loaded" || len(n.kept) != 0 {
						t.Errorf("%q, kept %v", first, n.kept)
					}
					return
				}
				go ask()
				if v := <-got; v != "set" || n.kept["s:a"] != "set" {
					t.Errorf("%q, kept %v", v, n.kept)
				}
			})
		}
	}
}

func TestNoLoad(t *testing.T) {
	d := cache.NewData[string, []byte](nil, cache.DataOptions[string, []byte]{Codec: cache.BytesCodec()})
	if _, err := d.Get(t.Context(), "a"); cache.CodeOf(err) != cache.NotFound {
		t.Error(err)
	}
	if err := d.Set(t.Context(), "a", nil); err != nil {
		t.Error(err)
	}
	if v, err := d.Get(t.Context(), "a"); err != nil || len(v) != 0 {
		t.Error(v, err)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDocuments keeps values in a store.
func TestDocuments(t *testing.T) {
	s := memstore.New()
	open := func() *cache.Data[string, string] {
		return cache.NewData(func(_ context.Context, k string) (string, error) { return "loaded", nil },
			cache.DataOptions[string, string]{Codec: cache.TextCodec(), Backing: cache.Documents(s, "notes ")})
	}
	d := open()
	if err := d.Set(t.Context(), "a", "set"); err != nil {
		t.Fatal(err)
	}
	if err := d.Set(t.Context(), "empty", ""); err != nil {
		t.Fatal(err)
	}
	d = open()
	for key, want := range map[string]string{"a": "set", "empty": "", "b": "loaded"} {
		if v, err := d.Get(t.Context(), key); err != nil || v != want {
			t.Errorf("%s: %q, %v", key, v, err)
		}
	}
	doc, err := s.Document(t.Context(), "notes s:a")
	if err != nil {
		t.Fatal(err)
	}
	doc.Data[0] ^= 1
	if err := s.PutDocument(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	d = open()
	if v, err := d.Get(t.Context(), "a"); err != nil || v != "loaded" {
		t.Errorf("%q, %v: a document that rotted was believed", v, err)
	}
	if err := d.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Document(t.Context(), "notes s:a"); store.CodeOf(err) != store.NotFound {
		t.Error(err)
	}
}

// TestConcurrentWrites sets keys from many goroutines: memory and backing must agree in
// the end.
func TestConcurrentWrites(t *testing.T) {
	for _, mode := range []cache.WriteMode{cache.WriteThrough, cache.WriteBack} {
		l := newLedger(t, func(o *cache.DataOptions[string, string]) { o.Mode, o.MaxUnwritten, o.MaxEntries = mode, 64, 3 })
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 200 {
					key := fmt.Sprint("k", (w+i)%5)
					switch i % 5 {
					case 0:
						_ = l.Delete(t.Context(), key)
					case 1:
						_, _ = l.Get(t.Context(), key)
					case 2:
						_ = l.Flush(t.Context())
					default:
						_ = l.Set(t.Context(), key, fmt.Sprint(w, "-", i))
					}
				}
			})
		}
		wg.Wait()
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			key := fmt.Sprint("k", i)
			v, _ := l.Get(t.Context(), key)
			if err := l.Flush(t.Context()); err != nil || l.notes.kept[key] != v {
				t.Errorf("%s is %q in memory and %q in the backing", key, v, l.notes.kept[key])
			}
		}
	}
}
