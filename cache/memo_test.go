package cache_test

import (
	"strconv"
	"testing"
	"time"

	"larder/cache"
	"larder/cache/metrics"
)

func TestMemo(t *testing.T) {
	clock := newClock()
	m := cache.NewMemo(cache.MemoOptions{MaxBytes: 1000, Clock: clock})
	key := cache.MemoKey{Session: "s", Model: "m1", Input: [32]byte{1}}
	answer := &struct{ label string }{"rust"}
	m.Put(key, answer, 100)
	if v, ok := m.Get(key); !ok || v != answer {
		t.Error("the answer is not what was put in")
	}
	m.Again(key, 4, time.Millisecond)
	if s := m.Stats(); s.Hits != 5 || s.Misses != 0 {
		t.Errorf("%d hits, %d misses", s.Hits, s.Misses)
	}
	tests := []struct {
		name string
		key  cache.MemoKey
	}{
		{"another session", cache.MemoKey{Session: "t", Model: "m1", Input: key.Input}},
		{"another version", cache.MemoKey{Session: "s", Model: "m2", Input: key.Input}},
		{"another input", cache.MemoKey{Session: "s", Model: "m1", Input: [32]byte{2}}},
		{"parts run together", cache.MemoKey{Session: "sm1", Input: key.Input}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := m.Get(tt.key); ok {
				t.Error("it has the answer of another question")
			}
		})
	}
	m.Put(tests[0].key, 1, 1)
	m.Put(cache.MemoKey{Session: "ss"}, 2, 1)
	if n := m.Forget("s"); n != 1 {
		t.Errorf("%d answers were forgotten", n)
	}
	if _, ok := m.Get(key); ok {
		t.Error("it was forgotten")
	}
	clock.advance(5 * time.Minute)
	if _, ok := m.Get(tests[0].key); ok {
		t.Error("it is five minutes old")
	}
	for i := range 100 {
		m.Put(cache.MemoKey{Session: "s", Input: [32]byte{byte(i)}}, i, 50)
	}
	if s := m.Stats(); s.Bytes > 1000 || s.Bytes < 800 || s.Removed[metrics.Size] == 0 {
		t.Errorf("%+v", s)
	}
	if m.Shrink(1) == 0 || m.Stats().Bytes != 0 {
		t.Error("something is left")
	}
}

// TestMemoOfSmallAnswers checks that the budget is one of memory, however short answers are.
func TestMemoOfSmallAnswers(t *testing.T) {
	m := cache.NewMemo(cache.MemoOptions{MaxBytes: 100_000})
	for i := range 10_000 {
		m.Put(cache.MemoKey{Session: strconv.Itoa(i)}, "a", 1)
	}
	if s := m.Stats(); s.Entries == 0 || s.Entries > 500 {
		t.Errorf("%d answers in a budget for 500 at most", s.Entries)
	}
}
