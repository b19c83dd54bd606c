package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/memory"
	"larder/cache/metrics"
)

// engine is a thing that is opened and closed.
type engine struct {
	name   string
	weight []byte
}

// garage is a Resource of engines that counts what happens.
type garage struct {
	*cache.Resource[string, *engine]
	clock  *fakeClock
	loads  atomic.Int64
	fail   atomic.Pointer[error]
	mu     sync.Mutex
	closed []string
}

func newGarage(change func(*cache.ResourceOptions[string, *engine])) *garage {
	g := &garage{clock: newClock()}
	opt := cache.ResourceOptions[string, *engine]{Limits: cache.Limits{Clock: g.clock}}
	opt.OnRelease = func(e *engine, c cache.Cause) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.closed = append(g.closed, e.name+" "+c.String())
	}
	if change != nil {
		change(&opt)
	}
	g.Resource = cache.NewResource(func(_ context.Context, name string) (*engine, error) {
		n := g.loads.Add(1)
		if e := g.fail.Load(); e != nil {
			return nil, *e
		}
		if name == "broken" {
			panic("planted")
		}
		return &engine{fmt.Sprint(name, n), make([]byte, 100)}, nil
	}, opt)
	return g
}

func (g *garage) want(t *testing.T, want ...string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Equal(g.closed, want) {
		t.Errorf("closed %q, want %q", g.closed, want)
	}
	g.closed = nil
}

func (g *garage) get(t *testing.T, name string) *cache.Lease[*engine] {
	t.Helper()
	l, err := g.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestResource(t *testing.T) {
	g := newGarage(func(o *cache.ResourceOptions[string, *engine]) {
		o.TTL, o.MaxBytes = time.Minute, 250
		o.Size = func(e *engine) int64 { return int64(len(e.weight)) }
	})
	a, again := g.get(t, "a"), g.get(t, "a")
	if a.Value != again.Value || g.loads.Load() != 1 {
		t.Error("two instances for the same arguments")
	}
	g.clock.advance(time.Minute)
	if b := g.get(t, "a"); b.Value == a.Value || b.Value.name != "a2" {
		t.Error("an instance lives longer than its time")
	} else {
		b.Release()
	}
	a.Release()
	a.Release()
	g.want(t) // somebody uses it
	again.Release()
	g.want(t, "a1 expired")
	g.get(t, "b").Release()
	g.get(t, "c").Release()
	g.want(t, "a2 size")
	if !g.Forget("b") || g.Forget("nothing") {
		t.Error("forget")
	}
	g.want(t, "b3 explicit")
	if n := g.Shrink(1); n != 100 {
		t.Errorf("%d bytes went", n)
	}
	g.want(t, "c4 size")
	d := g.get(t, "d")
	g.get(t, "e").Release()
	g.Clear()
	g.want(t, "e6 explicit")
	g.Close()
	if _, err := g.Get(t.Context(), "x"); cache.CodeOf(err) != cache.Closed {
		t.Error(err)
	}
	d.Release()
	g.want(t, "d5 explicit")
	if s := g.Stats(); s.Hits != 1 || s.Misses != 7-1 || s.Loads != 6 || s.Leases != 0 || s.Bytes != 0 || s.LoadTime.Count() != 6 {
		t.Errorf("%+v", s)
	}
}

// TestColdKey lets 10,000 goroutines ask for what is not there: one load.
func TestColdKey(t *testing.T) {
	const callers = 10_000
	started, goOn := make(chan struct{}), make(chan struct{})
	var loads, released atomic.Int64
	r := cache.NewResource(func(context.Context, int) (*engine, error) {
		loads.Add(1)
		close(started)
		<-goOn
		return &engine{name: "one"}, nil
	}, cache.ResourceOptions[int, *engine]{Limits: cache.Limits{MaxBytes: -1},
		OnRelease: func(*engine, cache.Cause) { released.Add(1) }})
	var wg sync.WaitGroup
	var seen sync.Map
	leases := make([]*cache.Lease[*engine], callers)
	for i := range callers {
		wg.Go(func() {
			l, err := r.Get(t.Context(), 7)
			if err != nil {
				t.Error(err)
				return
			}
			seen.Store(l.Value, true)
			leases[i] = l
		})
	}
	<-started
	for r.Stats().Misses < callers {
		runtime.Gosched()
	}
	close(goOn)
	wg.Wait()
	n := 0
	seen.Range(func(any, any) bool { n++; return true })
	if loads.Load() != 1 || n != 1 || released.Load() != 0 {
		t.Fatalf("%d loads, %d instances, %d released", loads.Load(), n, released.Load())
	}
	if s := r.Stats(); s.Leases != callers {
		t.Errorf("%d leases of %d callers", s.Leases, callers)
	}
	for _, l := range leases {
		l.Release()
	}
	if s := r.Stats(); released.Load() != 1 || s.Leases != 0 || s.Bytes != 0 {
		t.Errorf("released %d times, %d leases", released.Load(), s.Leases)
	}
}

// TestLoadLivesWhileSomebodyWaits cancels all callers but one, then that one.
func TestLoadLivesWhileSomebodyWaits(t *testing.T) {
	started, ended := make(chan context.Context, 2), make(chan struct{}, 2)
	r := cache.NewResource(func(ctx context.Context, _ string) (*engine, error) {
		started <- ctx
		<-ctx.Done()
		ended <- struct{}{}
		return nil, ctx.Err()
	}, cache.ResourceOptions[string, *engine]{})
	first, leaveFirst := context.WithCancel(t.Context())
	second, leaveSecond := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	ask := func(ctx context.Context) {
		_, err := r.Get(ctx, "x")
		errs <- err
	}
	go ask(first)
	load := <-started
	go ask(second)
	for r.Stats().Misses < 2 {
		runtime.Gosched()
	}
	leaveFirst()
	if err := <-errs; cache.CodeOf(err) != cache.Aborted {
		t.Fatal(err)
	}
	// The second caller may not have joined yet: then it starts a load of its own.
	select {
	case next := <-started:
		load = next
	default:
	}
	leaveSecond()
	if err := <-errs; cache.CodeOf(err) != cache.Aborted {
		t.Fatal(err)
	}
	<-load.Done()
	<-ended
	go ask(t.Context())
	<-started // it is not shared with those who left
	r.Close()
	if err := <-errs; cache.CodeOf(err) != cache.Closed {
		t.Fatal(err)
	}
}

func TestResourceErrors(t *testing.T) {
	g := newGarage(nil)
	_, err := g.Get(t.Context(), "broken")
	if cache.CodeOf(err) != cache.Internal || !strings.Contains(err.Error(), "planted") {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Get(ended, "a"); cache.CodeOf(err) != cache.Aborted || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	own := errors.New("no fuel")
	g.fail.Store(&own)
	for range 2 {
		if _, err := g.Get(t.Context(), "a"); err != own {
			t.Error(err)
		}
	}
	if g.loads.Load() != 3 {
		t.Errorf("%d loads: errors are not kept", g.loads.Load())
	}
	odd := cache.NewResource(func(context.Context, struct{}) (int, error) { return 1, nil }, cache.ResourceOptions[struct{}, int]{})
	if _, err := odd.Get(t.Context(), struct{}{}); cache.CodeOf(err) != cache.InvalidInput {
		t.Error(err)
	}
	g.want(t)
}

func TestErrorsAreKeptIfAsked(t *testing.T) {
	g := newGarage(func(o *cache.ResourceOptions[string, *engine]) { o.ErrorTTL = time.Minute })
	own := errors.New("no fuel")
	g.fail.Store(&own)
	for range 3 {
		if _, err := g.Get(t.Context(), "a"); err != own {
			t.Error(err)
		}
	}
	if g.loads.Load() != 1 {
		t.Errorf("%d loads", g.loads.Load())
	}
	g.fail.Store(nil)
	g.clock.advance(time.Minute)
	g.get(t, "a").Release()
	g.Clear()
	g.want(t, "a2 explicit") // an error is nothing to close
	if s := g.Stats(); s.Failures != 1 || s.Loads != 1 {
		t.Errorf("%+v", s)
	}
}

func TestValidate(t *testing.T) {
	good := "a1"
	g := newGarage(func(o *cache.ResourceOptions[string, *engine]) {
		o.Validate = func(_ context.Context, e *engine) bool { return e.name == good }
	})
	first := g.get(t, "a")
	second := g.get(t, "a")
	if first.Value != second.Value {
		t.Error("a good instance was not used")
	}
	good = "a2"
	third := g.get(t, "a")
	if third.Value == first.Value || third.Value.name != "a2" {
		t.Error("a bad instance was used")
	}
	first.Release()
	g.want(t)
	second.Release()
	g.want(t, "a1 explicit")
}

// interrupted is a context that lets something happen when it is asked for the n-th time
// whether it has ended.
type interrupted struct {
	context.Context
	n       int
	between func()
}

func (i *interrupted) Err() error {
	if i.n--; i.n == 0 {
		i.between()
	}
	return i.Context.Err()
}

// TestLandedMeanwhile has another caller's load begin and end after this caller has looked
// and before it loads itself: it takes that instance.
func TestLandedMeanwhile(t *testing.T) {
	good := "a1"
	g := newGarage(func(o *cache.ResourceOptions[string, *engine]) {
		o.Validate = func(_ context.Context, e *engine) bool { return e.name == good }
	})
	g.get(t, "a").Release()
	good = "a2"
	var other *cache.Lease[*engine]
	ctx := &interrupted{t.Context(), 2, func() { other = g.get(t, "a") }} // once at first, once when a1 was refused
	l, err := g.Get(ctx, "a")
	if err != nil || other == nil || l.Value != other.Value || l.Value.name != "a2" {
		t.Fatal(l, err)
	}
	if n := g.loads.Load(); n != 2 {
		t.Errorf("%d loads, want 2", n)
	}
	l.Release()
	other.Release()
}

// TestForgottenWhileLoading checks that what was loading when its key was forgotten is
// given to who waits, and not to those who come later.
func TestForgottenWhileLoading(t *testing.T) {
	started, goOn := make(chan struct{}), make(chan struct{})
	n := 0
	var released []string
	r := cache.NewResource(func(context.Context, string) (*engine, error) {
		n++
		if n == 1 {
			close(started)
			<-goOn
		}
		return &engine{name: fmt.Sprint(n)}, nil
	}, cache.ResourceOptions[string, *engine]{OnRelease: func(e *engine, c cache.Cause) { released = append(released, e.name+" "+c.String()) }})
	first := make(chan *cache.Lease[*engine])
	go func() {
		l, _ := r.Get(t.Context(), "a")
		first <- l
	}()
	<-started
	r.Forget("a")
	close(goOn)
	old := <-first
	l, err := r.Get(t.Context(), "a")
	if err != nil || l.Value == old.Value || l.Value.name != "2" {
		t.Error("what was forgotten was given out")
	}
	old.Release()
	if !slices.Equal(released, []string{"1 explicit"}) {
		t.Error(released)
	}
}

func TestWeakResource(t *testing.T) {
	gone := make(chan cache.Cause, 1)
	r := cache.NewResource(func(context.Context, string) (*engine, error) { return &engine{weight: make([]byte, 10)}, nil },
		cache.ResourceOptions[string, *engine]{Limits: cache.Limits{MaxBytes: -1}, Weak: func(e *engine) memory.Ref { return memory.Weak(e) },
			OnRelease: func(e *engine, c cache.Cause) {
				if e == nil {
					gone <- c
				}
			}})
	l, err := r.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	own := l.Value
	l.Release()
	again, _ := r.Get(t.Context(), "a")
	if again.Value != own || r.Stats().Loads != 1 {
		t.Error("an instance that the program holds was made again")
	}
	runtime.KeepAlive(own)
	again.Release()
	again, l, own = nil, nil, nil
	for {
		runtime.GC()
		select {
		case c := <-gone:
			if c != metrics.Collected {
				t.Error(c)
			}
			return
		default:
			runtime.Gosched()
		}
	}
}

func TestHashOf(t *testing.T) {
	long := strings.Repeat("x", 1000)
	seen := map[string]any{}
	for _, v := range []any{"a", "", "1", []byte("a"), 1, int64(2), int32(3), uint32(4), uint64(5), true, 1.5, long, long + "y", []byte(long), time.Unix(1, 0).UTC(),
		int8(-6), int16(7), uint8(8), uint16(9), uint(10), uint64(math.MaxUint64), float32(2.5), 0, 0.0, math.Float64frombits(0x11), 11} {
		key, err := cache.HashOf(v)
		if err != nil || len(key) > 100 || seen[key] != nil {
			t.Errorf("%v: %q, %v; another is %v", v, key, err, seen[key])
		}
		seen[key] = v
		if again, _ := cache.HashOf(v); again != key {
			t.Errorf("%v has two keys", v)
		}
	}
	zero, _ := cache.HashOf(0.0)
	if minus, _ := cache.HashOf(math.Copysign(0, -1)); minus != zero {
		t.Error("0 and -0 are equal and have two keys")
	}
	for _, odd := range []any{struct{}{}, nil, unmarshalable{}} {
		if _, err := cache.HashOf(odd); cache.CodeOf(err) != cache.InvalidInput {
			t.Errorf("%T: %v", odd, err)
		}
	}
}

type unmarshalable struct{}

func (unmarshalable) MarshalBinary() ([]byte, error) { return nil, errors.New("no bytes") }
