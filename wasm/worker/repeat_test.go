//go:build !js

package main

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"larder/wasm/message"
)

// question is what the tests of repeats ask again and again.
const question = "Wo ist der Bahnhof, bitte?"

// newRepeating returns a bench whose page is not told what happens in the cache: then all
// replies may be repeated.
func newRepeating(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.ask(message.MethodOpen, message.Open{Models: b.root, Threads: 1}.Encode())
	return b
}

// newAsked is newRepeating, with a load and a prediction that may be repeated.
func newAsked(t *testing.T) *bench {
	t.Helper()
	b := newRepeating(t)
	info := b.load("language", "")
	b.load("language", "")
	for range 2 {
		b.predict(message.Input{Handle: info.Handle, Input: question})
	}
	b.only(message.MethodLoad)
	b.only(message.MethodPredict)
	return b
}

// repeats returns what the host may repeat of a method.
func (b *bench) repeats(method string) []repeat {
	b.host.mu.Lock()
	defer b.host.mu.Unlock()
	var out []repeat
	for request, r := range b.host.repeats {
		if strings.Contains(request, `"method":"`+method+`"`) {
			out = append(out, r)
		}
	}
	return out
}

// only returns the one reply of a method that may be repeated.
func (b *bench) only(method string) repeat {
	b.t.Helper()
	all := b.repeats(method)
	if len(all) != 1 {
		b.t.Fatalf("%d replies to %s may be repeated, want 1", len(all), method)
	}
	return all[0]
}

// fill does what the host does with a reply.
func (b *bench) fill(r repeat, id int) any {
	b.t.Helper()
	age := strconv.Itoa(int(b.clock.Now().Sub(r.Born) / time.Second))
	text := strings.NewReplacer(string(holeID), strconv.Itoa(id), string(holeAge), age, string(holeTook), "0.25").Replace(r.Reply)
	tree, err := readFlat(text, nil)
	if err != nil {
		b.t.Fatalf("%v in %s", err, text)
	}
	reply, err := message.DecodeReply(tree)
	if err != nil || reply.ID != id {
		b.t.Fatalf("%+v, %v", reply, err)
	}
	return reply.Result
}

func TestRepeatLoad(t *testing.T) {
	b := newRepeating(t)
	first := b.load("language", "")
	if got := b.repeats(message.MethodLoad); len(got) != 0 {
		t.Fatalf("a download may be repeated: %+v", got)
	}
	second := b.load("language", "")
	r := b.only(message.MethodLoad)
	want := second
	want.Handle = first.Handle // of who keeps it longer
	b.clock.Add(90 * time.Second)
	want.Model.AgeSeconds += 90
	got, err := message.DecodeInfo(b.fill(r, 77))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("repeated %+v, %v; answered %+v", got, err, want)
	}
	if next := b.list()[0].Model.NextRefresh; timestamp(r.Until) != next || !r.Shared || r.Handle != first.Handle {
		t.Errorf("%+v; the registry is asked at %s", r, next)
	}
	b.clock.Add(r.Until.Sub(b.clock.Now()) - time.Second)
	b.load("language", "")
	b.only(message.MethodLoad)
	b.clock.Add(time.Second) // it is not fresh any more: a load asks the registry
	b.host.Forget()
	b.load("language", "")
	b.load("language", "")
	if r := b.only(message.MethodLoad); r.Handle == first.Handle {
		t.Error("a handle is shared that was given when the registry had said less")
	}
}

func TestRepeatPrediction(t *testing.T) {
	b := newRepeating(t)
	info := b.load("language", "")
	ask := message.Input{Handle: info.Handle, Input: question}
	b.predict(ask)
	if got := b.repeats(message.MethodPredict); len(got) != 0 {
		t.Fatalf("what was computed may be repeated as such: %+v", got)
	}
	second := b.predict(ask)
	r := b.only(message.MethodPredict)
	if r.Shared || r.Until != b.clock.Now().Add(5*time.Minute) {
		t.Errorf("%+v", r)
	}
	b.clock.Add(90 * time.Second)
	want := second
	want.Model.AgeSeconds += 90
	want.Timing = message.Timing{Decode: 0.25, Total: 0.25}
	if got, err := message.DecodePrediction(b.fill(r, 78)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("repeated %+v, %v; answered %+v", got, err, want)
	}

	b.host.Forget()
	for _, in := range []message.Input{
		{Handle: info.Handle, Input: question, Fresh: true},
		{Handle: info.Handle, Input: question, Profile: true},
		{Handle: info.Handle, Input: []byte("a file is not in the text")},
		{Handle: info.Handle, Known: "nothing"},
	} {
		_, c := b.send(message.MethodPredict, in.Encode())
		<-c
	}
	if got := b.repeats(message.MethodPredict); len(got) != 0 {
		t.Errorf("%+v may be repeated", got)
	}
}

// TestRepeatsOfStale checks that what is told of a version that is not fresh is not repeated
// for long: nobody says when it changes.
func TestRepeatsOfStale(t *testing.T) {
	b := newRepeating(t)
	info := b.load("language", "")
	b.clock.Add(20 * 365 * 24 * time.Hour)
	ask := message.Input{Handle: info.Handle, Input: question}
	b.predict(ask)
	if b.predict(ask).Model.Freshness == message.Fresh {
		t.Fatal("it is fresh")
	}
	if r := b.only(message.MethodPredict); r.Until != b.clock.Now().Add(time.Second) {
		t.Errorf("until %v, it is %v", r.Until, b.clock.Now())
	}
}

// TestRepeatsAreCounted says that the host repeated replies, and looks at all counters.
func TestRepeatsAreCounted(t *testing.T) {
	b := newAsked(t)
	stats := func() (predictions, memory message.Tier, total, hits int64) {
		s, err := message.DecodeCacheStats(b.ask(message.MethodCacheStats, nil))
		if err != nil {
			t.Fatal(err)
		}
		return s.Tiers[message.TierPredictions], s.Tiers[message.TierMemory], s.MemoryHits, b.list()[0].Hits
	}
	p0, m0, t0, h0 := stats()
	load, predict := b.only(message.MethodLoad), b.only(message.MethodPredict)
	b.host.mu.Lock()
	b.host.given = []repeated{{load.ID, 3, time.Millisecond}, {predict.ID, 5, 2 * time.Millisecond}, {9999, 1, 1}}
	b.host.mu.Unlock()
	b.forget() // ends both, but what was given counts
	p, m, total, hits := stats()
	if p.Hits != p0.Hits+5 || m.Hits != m0.Hits+3 || total != t0+3 || hits != h0+3 {
		t.Errorf("%d predictions, %d in memory, %d in all, %d hits of the version; before %d, %d, %d, %d", p.Hits, m.Hits, total, hits, p0.Hits, m0.Hits, t0, h0)
	}
	if p.HitTime.Count != p0.HitTime.Count+5 || m.HitTime.Count != m0.HitTime.Count+3 {
		t.Errorf("times of %d and %d hits", p.HitTime.Count, m.HitTime.Count)
	}
}

// TestSharedHandlesAreCounted checks that who has a model through somebody else's handle is
// told as who uses it.
func TestSharedHandlesAreCounted(t *testing.T) {
	b := newRepeating(t)
	info := b.load("language", "")
	b.load("language", "")
	b.load("leaf-small", "")
	b.host.shared = map[int]int{info.Handle: 3, 99: 1}
	s, err := message.DecodeCacheStats(b.ask(message.MethodCacheStats, nil))
	if err != nil || s.Leases != 6 || s.Tiers[message.TierMemory].Leases != 6 {
		t.Errorf("%d leases, %d in memory, %v", s.Leases, s.Tiers[message.TierMemory].Leases, err)
	}
	for _, e := range b.list() {
		if want := map[string]int{"language": 5, "leaf-small": 1}[e.Model.Name]; e.InUse != want {
			t.Errorf("%s is used by %d, want %d", e.Model.Name, e.InUse, want)
		}
	}
}

// TestWhatEndsRepeats changes what a reply says in every way there is.
func TestWhatEndsRepeats(t *testing.T) {
	tests := []struct {
		name   string
		change func(b *bench)
	}{
		{"memory is short", func(b *bench) {
			b.ask(message.MethodCacheShrink, message.Shrink{Part: 1}.Encode())
		}},
		{"a version is evicted", func(b *bench) {
			b.ask(message.MethodCacheEvict, message.Model{Model: "language"}.Encode())
		}},
		{"the registry is asked", func(b *bench) {
			b.ask(message.MethodCacheRefresh, message.Model{Model: "language"}.Encode())
		}},
		{"a version is pinned", func(b *bench) {
			b.ask(message.MethodCachePin, message.Pin{Model: "language", Pinned: true}.Encode())
		}},
		{"another model arrives", func(b *bench) { b.load("leaf-small", "") }},
		{"the page listens", func(b *bench) { b.ask(message.MethodCacheListen, nil) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newAsked(t)
			tt.change(b)
			if got := append(b.repeats(message.MethodLoad), b.repeats(message.MethodPredict)...); len(got) != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestRepeatsBelongToTheirRound checks that a reply is not repeated if something changed
// while it was found out.
func TestRepeatsBelongToTheirRound(t *testing.T) {
	b := newRepeating(t)
	info := b.load("language", "")
	tree, text := requestOf(1000, message.MethodLoad, message.Load{Model: "language"}.Encode())
	ctx, _ := b.start(1000)
	c := call{id: 1000, method: message.MethodLoad, params: tree.(map[string]any)["params"].(map[string]any), ctx: ctx, text: text, round: b.round()}
	b.forget()
	b.serve(c)
	if got := b.repeats(message.MethodLoad); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	b.load("language", "")
	b.only(message.MethodLoad)

	// Nor if the model is disposed meanwhile.
	b.dispose(info.Handle)
	b.host.Forget()
	b.repeat(call{text: text, round: b.round()}, message.Info{}.Encode(), &lasting{handle: info.Handle, until: b.clock.Now().Add(time.Hour)})
	if got := b.repeats(message.MethodLoad); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	info = b.load("language", "")
	b.only(message.MethodLoad)

	// A page that listens is told every load.
	b.ask(message.MethodCacheListen, nil)
	b.load("language", "")
	if got := b.repeats(message.MethodLoad); len(got) != 0 {
		t.Errorf("a load may be repeated that the page wants to hear of: %+v", got)
	}

	// There are not more than so many.
	round := b.round()
	for range maxRepeats + 2 {
		b.predict(message.Input{Handle: info.Handle, Input: question})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := &b.server.repeats; len(r.kept) > maxRepeats || r.round != round+1 {
		t.Errorf("%d are kept, after %d rounds", len(r.kept), r.round-round)
	}
}
