package plan

import (
	"math/rand/v2"
	"testing"
)

// TestArrange places random buffers: those that live together do not overlap.
func TestArrange(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 0))
		var bs []*buffer
		total := 0
		for range 40 {
			first := r.IntN(50)
			bs = append(bs, &buffer{bytes: 1 + r.IntN(1000), first: first, last: first + r.IntN(10)})
			total += alignUp(bs[len(bs)-1].bytes)
		}
		end := arrange(bs, 128)
		if end >= total {
			t.Errorf("seed %d: nothing is reused", seed)
		}
		for i, a := range bs {
			if a.addr%align != 0 || a.addr < 128 || a.addr+a.bytes > 128+end {
				t.Fatalf("seed %d: buffer at %d", seed, a.addr)
			}
			for _, b := range bs[:i] {
				if a.first <= b.last && b.first <= a.last && a.addr < b.addr+b.bytes && b.addr < a.addr+a.bytes {
					t.Fatalf("seed %d: %v and %v overlap", seed, *a, *b)
				}
			}
		}
	}
}

func TestReuse(t *testing.T) {
	tests := []struct {
		name     string
		old, out buffer
		want     bool
	}{
		{"dies here", buffer{bytes: 64, first: 1, last: 3}, buffer{bytes: 64, first: 3, last: 5}, true},
		{"lives on", buffer{bytes: 64, first: 1, last: 4}, buffer{bytes: 64, first: 3, last: 5}, false},
		{"other size", buffer{bytes: 64, first: 1, last: 3}, buffer{bytes: 128, first: 3, last: 5}, false},
		{"weight", buffer{bytes: 64, first: 1, last: 3, fixed: true}, buffer{bytes: 64, first: 3, last: 5}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reuse{3, &tt.out, &tt.old}.grant()
			if got := tt.out.into == &tt.old; got != tt.want {
				t.Errorf("got %v", got)
			}
			if tt.want && tt.old.last != 5 {
				t.Errorf("the memory is free after step %d", tt.old.last)
			}
		})
	}
}
