package policy

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// step is one thing that happens to a cache in a test, read from a byte.
const (
	stepAdd = iota
	stepUse
	stepHold
	stepDrop
	stepRemove
	stepResize
	stepEvict
	steps
)

// bench is a cache without values, which checks a policy.
type bench struct {
	t     *testing.T
	p     Policy
	items []*Item
	next  uint64
}

// do makes one step with some item.
func (b *bench) do(step, which int) {
	b.t.Helper()
	if step%steps == stepAdd || len(b.items) == 0 {
		b.next++
		it := &Item{Hash: b.next % 50 * 0x9e3779b97f4a7c15, Bytes: int64(which % 9), Cost: float64(which % 4)}
		b.items = append(b.items, it)
		b.p.Add(it)
		return
	}
	it := b.items[which%len(b.items)]
	switch step % steps {
	case stepUse:
		b.p.Use(it)
	case stepHold:
		it.Held++
	case stepDrop:
		it.Held = 0
	case stepRemove:
		b.remove(it, false)
	case stepResize:
		old := it.Bytes
		it.Bytes = int64(which % 13)
		b.p.Resize(it, old)
	case stepEvict:
		b.evict()
	}
}

// evict asks for a victim, checks it and removes it. It reports whether there was one.
func (b *bench) evict() bool {
	b.t.Helper()
	free := slices.ContainsFunc(b.items, func(it *Item) bool { return it.Held == 0 })
	v := b.p.Victim()
	switch {
	case v == nil && free:
		b.t.Fatalf("no victim among %d items", len(b.items))
	case v == nil:
		return false
	case !slices.Contains(b.items, v):
		b.t.Fatal("the victim is not in the cache")
	case v.Held > 0:
		b.t.Fatal("the victim is in use")
	}
	b.remove(v, true)
	return true
}

func (b *bench) remove(it *Item, evicted bool) {
	b.p.Remove(it, evicted)
	b.items = slices.DeleteFunc(b.items, func(x *Item) bool { return x == it })
}

// drain lets everything go: whatever the policy remembers of it must be right.
func (b *bench) drain() {
	b.t.Helper()
	for _, it := range b.items {
		it.Held = 0
	}
	for len(b.items) > 0 {
		b.evict()
	}
	if v := b.p.Victim(); v != nil {
		b.t.Fatal("an empty cache has a victim")
	}
	for _, q := range queues(b.p) {
		if q.bytes != 0 || q.n != 0 || q.first != nil || q.last != nil {
			b.t.Fatalf("an empty cache has %d bytes in %d items", q.bytes, q.n)
		}
	}
}

func queues(p Policy) []*queue {
	switch p := p.(type) {
	case *LRU:
		return []*queue{&p.queue}
	case *Sieve:
		return []*queue{&p.queue}
	case *S3FIFO:
		return []*queue{&p.small, &p.main}
	case *TinyLFU:
		return []*queue{&p.window, &p.probation, &p.protected}
	}
	return nil
}

func TestContract(t *testing.T) {
	for _, p := range All {
		t.Run(p.Name, func(t *testing.T) {
			for seed := range uint64(200) {
				rng := rand.New(rand.NewPCG(seed, 7))
				b := &bench{t: t, p: p.New()}
				b.p.Budget(int64(rng.IntN(200)))
				for range 400 {
					b.do(rng.IntN(steps), rng.IntN(1000))
				}
				b.drain()
			}
		})
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(uint8(0), []byte{0, 1, 0, 2, 1, 0, 6, 0})
	f.Add(uint8(3), []byte{0, 1, 0, 2, 2, 0, 6, 0, 6, 0, 6, 0})
	f.Fuzz(func(t *testing.T, which uint8, script []byte) {
		b := &bench{t: t, p: All[int(which)%len(All)].New()}
		b.p.Budget(20)
		for ; len(script) > 1; script = script[2:] {
			b.do(int(script[0]), int(script[1]))
		}
		b.drain()
	})
}

// fill adds items of these sizes, used so often, and returns them.
func fill(p Policy, items ...Item) []*Item {
	p.Budget(100)
	out := make([]*Item, len(items))
	for i := range items {
		out[i] = &items[i]
		items[i].Hash = uint64(i+1) * 0x9e3779b97f4a7c15
		p.Add(out[i])
	}
	return out
}

// victims lets n items go and returns their places in the list.
func victims(p Policy, items []*Item, n int) []int {
	var out []int
	for range n {
		v := p.Victim()
		out = append(out, slices.Index(items, v))
		p.Remove(v, true)
	}
	return out
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name  string
		p     Policy
		items []Item
		use   []int
		want  []int
	}{
		{"lru", NewLRU(), make([]Item, 4), []int{0, 2}, []int{1, 3, 0, 2}},
		{"lru passes over held", NewLRU(), []Item{{Held: 1}, {}, {}}, nil, []int{1, 2}},
		{"sieve spares what was used", NewSieve(), make([]Item, 4), []int{0, 2}, []int{1, 3, 0, 2}},
		{"sieve is no lru", NewSieve(), make([]Item, 3), []int{1, 0}, []int{2, 0, 1}},
		{"s3fifo spares what was used", NewS3FIFO(), []Item{{Bytes: 10}, {Bytes: 10}, {Bytes: 10}, {Bytes: 10}}, []int{0, 0, 2}, []int{1, 0, 2, 3}},
		{"gdsf: large ones first", NewGDSF(), []Item{{Bytes: 1, Cost: 1}, {Bytes: 9, Cost: 1}, {Bytes: 5, Cost: 1}}, nil, []int{1, 2, 0}},
		{"gdsf: cheap ones first", NewGDSF(), []Item{{Bytes: 5, Cost: 9}, {Bytes: 5, Cost: 1}, {Bytes: 5, Cost: 5}}, nil, []int{1, 2, 0}},
		{"gdsf: rare ones first", NewGDSF(), []Item{{Bytes: 5}, {Bytes: 5}, {Bytes: 5}}, []int{0, 0, 1}, []int{2, 1, 0}},
		{"gdsf: often beats large", NewGDSF(), []Item{{Bytes: 4, Cost: 1}, {Bytes: 1, Cost: 1}}, []int{0, 0, 0, 0, 0}, []int{1, 0}},
		{"tinylfu: what is asked for once goes", NewTinyLFU(), []Item{{Bytes: 50}, {Bytes: 50}, {Bytes: 50}}, []int{0, 1}, []int{2}},
		{"tinylfu: what is asked for often comes in", NewTinyLFU(), []Item{{Bytes: 50}, {Bytes: 50}, {Bytes: 50}}, []int{1, 2, 2}, []int{0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items := fill(tt.p, tt.items...)
			for _, i := range tt.use {
				tt.p.Use(items[i])
			}
			if got := victims(tt.p, items, len(tt.want)); !slices.Equal(got, tt.want) {
				t.Errorf("went %v, want %v", got, tt.want)
			}
		})
	}
}

// TestGhosts checks that what comes back soon after it went enters the main queue.
func TestGhosts(t *testing.T) {
	p := NewS3FIFO().(*S3FIFO)
	items := fill(p, make([]Item, 4)...)
	victims(p, items, 1)
	p.Add(items[0])
	if items[0].in != &p.main {
		t.Error("the small queue has it again")
	}
	p.Remove(items[0], false)
	p.Add(items[0])
	if items[0].in != &p.small {
		t.Error("a ghost was remembered twice")
	}
}

// TestSketch compares estimates with true counts.
func TestSketch(t *testing.T) {
	var s sketch
	s.fit(1000)
	rng := rand.New(rand.NewPCG(1, 1))
	keys := make([]uint64, 1000)
	for i := range keys {
		keys[i] = rng.Uint64()
	}
	wrong := 0
	for i := range keys {
		for range i % 8 {
			s.see(keys[i])
		}
	}
	for i := range keys {
		got := int(s.count(keys[i]))
		if got < i%8 {
			t.Fatalf("%d of %d", got, i%8)
		}
		if got > i%8 {
			wrong++
		}
	}
	if wrong > 20 {
		t.Errorf("%d of 1,000 estimates are too high", wrong)
	}
	s.fit(5000)
	if got := s.count(keys[7]); got != 7 {
		t.Errorf("%d after growing, want 7", got)
	}
	s.age()
	if got := s.count(keys[7]); got != 3 {
		t.Errorf("%d after aging, want 3", got)
	}
}

func BenchmarkPolicies(b *testing.B) {
	for _, p := range All {
		b.Run(p.Name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			c := p.New()
			c.Budget(1000)
			items := make([]Item, 1000)
			for i := range items {
				items[i] = Item{Hash: rng.Uint64(), Bytes: 1}
				c.Add(&items[i])
			}
			for b.Loop() {
				c.Use(&items[rng.IntN(len(items))])
				v := c.Victim()
				c.Remove(v, true)
				v.Hash = rng.Uint64()
				c.Add(v)
			}
		})
	}
}
