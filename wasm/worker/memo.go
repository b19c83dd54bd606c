package main

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"strconv"
	"time"

	"larder/cache"
	"larder/model/engine"
	"larder/sha256"
	"larder/wasm/message"
)

// question returns the name under which an answer is remembered, and the input to go on
// with: a file that was read to be hashed is not read again. ok is false if this
// request's answer is not to be remembered, or cannot be. known is what a page may call the
// input in place of giving it again.
func (s *server) question(ctx context.Context, p message.Input, m *loaded) (key cache.MemoKey, known string, input any, ok bool, err error) {
	if p.Fresh || p.Profile {
		return key, "", p.Input, false, nil
	}
	key = cache.MemoKey{Session: m.name(), Model: m.digest}
	switch v := p.Input.(type) {
	case nil:
		key.Input = sha256.Sum256([]byte(p.Known))
		return key, "", nil, true, nil
	case string:
		key.Input = sha256.Sum256([]byte("t" + v))
		return key, "", v, true, nil
	case map[string]any:
		key.Input, ok = hashFields(v)
		return key, "", v, ok, nil
	}
	known, input, ok, err = s.host.Digest(ctx, p.Input)
	key.Input = sha256.Sum256([]byte(known))
	return key, known, input, ok, err
}

// hashFields hashes a row of numbers, or texts by name.
func hashFields(v map[string]any) (sum [sha256.Size]byte, ok bool) {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	b := []byte("f")
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, name := range names {
		text(name)
		switch x := v[name].(type) {
		case float64:
			b = binary.LittleEndian.AppendUint64(append(b, 'n'), math.Float64bits(x))
		case string:
			b = append(b, 't')
			text(x)
		default:
			return sum, false
		}
	}
	return sha256.Sum256(b), true
}

// recall answers with what was answered before, if it was: the same classes, the model's
// age as of now, and the time that this took.
func (s *server) recall(c call, p message.Input, key cache.MemoKey, known string, h *handle) (result, bool) {
	read := s.now()
	v, ok := s.memo.Get(key)
	if !ok {
		return result{}, false
	}
	kept := v.(*remembered)
	out := message.Prediction{Label: kept.label, Unknown: kept.unknown, Source: message.SourceMemo, Model: s.current(h), Known: known,
		Timing: message.Timing{Decode: milliseconds(read.Sub(c.arrived)), Total: milliseconds(s.now().Sub(c.arrived))}}
	tree := out.Encode()
	tree["classes"] = kept.classes
	until := s.steady(h.entry)
	if kept.until.Before(until) {
		until = kept.until
	}
	return result{tree: tree, lasting: &lasting{handle: p.Handle, until: until, count: func(n int64, took time.Duration) { s.memo.Again(key, n, took) }}}, true
}

// remembered is what an answer says; recall adds what is true of one request only.
type remembered struct {
	classes written
	label   string
	unknown bool
	until   time.Time
}

// remember keeps an answer. Its classes are written once, for this reply and for later ones.
func (s *server) remember(key cache.MemoKey, p *message.Prediction, tree map[string]any) {
	tree["classes"] = write(tree["classes"])
	kept := &remembered{tree["classes"].(written), p.Label, p.Unknown, s.now().Add(cache.MemoTTL)}
	s.memo.Put(key, kept, int64(len(kept.classes)+len(kept.label)))
}

// name tells the model as it is in memory now from all others. A model that is loaded again after it
// was disposed has another name, so nothing of before is found.
func (m *loaded) name() string { return strconv.Itoa(m.number) }

// memoClock is the worker's time with the machine's timers.
type memoClock struct {
	cache.Clock
	now func() time.Time
}

// Now implements cache.Clock.
func (c memoClock) Now() time.Time { return c.now() }

// shrink gives memory back: the page is hidden, or says that memory is short.
func (s *server) shrink(_ context.Context, c call) (result, error) {
	p, err := message.DecodeShrink(c.params)
	if err != nil {
		return result{}, err
	}
	return result{tree: message.Shrunk{Bytes: s.giveUp(p.Part)}.Encode()}, nil
}

// withRoom makes a load that the host has no memory for try again, once everything was
// let go that is only kept to be fast.
func (s *server) withRoom(load func() (*loaded, error)) func() (*loaded, error) {
	return func() (*loaded, error) {
		m, err := load()
		var short *engine.HostError
		if !errors.As(err, &short) || s.giveUp(1) == 0 {
			return m, err
		}
		runtime.GC()
		return load()
	}
}

// giveUp lets go of a part, 0 to 1, of what is only kept to be fast.
func (s *server) giveUp(part float64) int64 {
	s.forget()
	n := s.memo.Shrink(part)
	if l, err := s.opened(); err == nil {
		n += l.cache.Shrink(part)
	}
	return n
}
