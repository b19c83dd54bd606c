//go:build !js

package main

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"larder/model/engine"
	"larder/model/pre"
	"larder/wasm/message"
)

// predict asks and returns the answer.
func (b *bench) predict(in message.Input) message.Prediction {
	b.t.Helper()
	p, err := message.DecodePrediction(b.ask(message.MethodPredict, in.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func TestMemo(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	photo := readFile(t, models+"/leaf-small/1.0.0/demo/bean_rust.jpg")
	other := readFile(t, models+"/leaf-small/1.0.0/demo/healthy.jpg")
	ask := message.Input{Handle: info.Handle, Input: photo}
	first := b.predict(ask)
	if first.Source != message.SourceModel {
		t.Errorf("source %q", first.Source)
	}
	again := b.predict(ask)
	if again.Source != message.SourceMemo || again.Timing.Infer != 0 || again.Timing.Preprocess != 0 {
		t.Errorf("source %q, timing %+v", again.Source, again.Timing)
	}
	if first.Known == "" || again.Known != first.Known {
		t.Errorf("called %q and %q", first.Known, again.Known)
	}
	again.Source, again.Timing = first.Source, first.Timing
	if !reflect.DeepEqual(first, again) {
		t.Errorf("remembered %+v, computed %+v", again, first)
	}
	if known := (message.Input{Handle: info.Handle, Known: first.Known}); b.predict(known).Source != message.SourceMemo {
		t.Errorf("%q is not known", first.Known)
	}
	for name, in := range map[string]message.Input{
		"unknown":        {Handle: info.Handle, Known: strings.Repeat("0", 64)},
		"to be computed": {Handle: info.Handle, Known: first.Known, Fresh: true},
		"to be measured": {Handle: info.Handle, Known: first.Known, Profile: true},
	} {
		if got := b.ask(message.MethodPredict, in.Encode()); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	computed := []struct {
		name string
		in   message.Input
	}{
		{"another picture", message.Input{Handle: info.Handle, Input: other}},
		{"not from memory", message.Input{Handle: info.Handle, Input: photo, Fresh: true}},
		{"measured", message.Input{Handle: info.Handle, Input: photo, Profile: true}},
	}
	for _, tt := range computed {
		if p := b.predict(tt.in); p.Source != message.SourceModel {
			t.Errorf("%s: source %q", tt.name, p.Source)
		}
	}
	b.clock.Add(4 * time.Minute)
	if p := b.predict(ask); p.Source != message.SourceMemo || p.Model.AgeSeconds != first.Model.AgeSeconds+240 {
		t.Errorf("source %q; the model is %v s old, was %v", p.Source, p.Model.AgeSeconds, first.Model.AgeSeconds)
	}
	b.clock.Add(time.Minute)
	if p := b.predict(ask); p.Source != message.SourceModel {
		t.Error("an answer of five minutes ago was remembered")
	}
	second := b.load("leaf-small", "^1")
	if p := b.predict(message.Input{Handle: second.Handle, Input: photo}); p.Source != message.SourceMemo {
		t.Error("another handle of the same model has no memory")
	}
	b.dispose(info.Handle)
	b.dispose(second.Handle)
	if s := b.memo.Stats(); s.Entries != 0 {
		t.Errorf("%d answers of a disposed model", s.Entries)
	}
	third := b.load("leaf-small", "")
	if p := b.predict(message.Input{Handle: third.Handle, Input: photo}); p.Source != message.SourceModel {
		t.Error("a disposed model's answer was remembered")
	}
	shrunk, err := message.DecodeShrunk(b.ask(message.MethodCacheShrink, message.Shrink{Part: 1}.Encode()))
	if err != nil || shrunk.Bytes == 0 || b.memo.Stats().Entries != 0 {
		t.Errorf("%+v, %v", shrunk, err)
	}
	b.refused(message.CodeInvalidInput, message.MethodCacheShrink, message.Shrink{Part: 2}.Encode())
}

// TestQuestions checks which inputs are the same question.
func TestQuestions(t *testing.T) {
	s := newServer(&testHost{}, time.Now)
	inputs := []any{
		"a", "b", []byte("ta"), []byte("a"),
		map[string]any{"text": "a"}, map[string]any{"text": "a", "pair": "b"}, map[string]any{"text": "b", "pair": "a"},
		map[string]any{"x": 1.0}, map[string]any{"x": 2.0}, map[string]any{"y": 1.0}, map[string]any{"x": 1.0, "y": 1.0},
		map[string]any{"x": "1"}, map[string]any{"xn": "1"},
	}
	seen := map[any]int{}
	for i, in := range inputs {
		for range 2 {
			key, _, _, ok, err := s.question(t.Context(), message.Input{Input: in}, &loaded{number: 1, digest: "d"})
			if j, had := seen[key]; !ok || err != nil || had && j != i {
				t.Errorf("%v is the same question as %v (%v, %v)", in, inputs[j], ok, err)
			}
			seen[key] = i
		}
	}
	for _, in := range []any{1, map[string]any{"x": true}} {
		if _, _, _, ok, err := s.question(t.Context(), message.Input{Input: in}, &loaded{}); ok || err != nil {
			t.Errorf("%v has a name: %v", in, err)
		}
	}
}

func TestLoadTriesAgainWithRoom(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	b.predict(message.Input{Handle: info.Handle, Input: readFile(t, models+"/leaf-small/1.0.0/demo/healthy.jpg")})
	short := &engine.HostError{Op: "open", Reason: "no memory"}
	tries := 0
	load := b.withRoom(func() (*loaded, error) {
		if tries++; tries == 1 {
			return nil, short
		}
		return &loaded{}, nil
	})
	if m, err := load(); m == nil || err != nil || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
	if b.memo.Stats().Entries != 0 {
		t.Error("nothing was let go")
	}
	tries = 0
	if _, err := load(); err != short || tries != 1 { // there is nothing left to give up
		t.Errorf("%v after %d tries", err, tries)
	}
	other := errors.New("x")
	if _, err := b.withRoom(func() (*loaded, error) { return nil, other })(); err != other {
		t.Error(err)
	}
}

// TestFailureIsNotRemembered makes a picture unreadable once.
func TestFailureIsNotRemembered(t *testing.T) {
	b := newBench(t)
	b.open()
	info := b.load("leaf-small", "")
	ask := message.Input{Handle: info.Handle, Input: readFile(t, models+"/leaf-small/1.0.0/demo/healthy.jpg")}
	b.host.picture = func(context.Context, any) (*pre.Image, error) {
		return nil, &pre.ImageError{Code: pre.Damaged, Message: "damaged"}
	}
	b.refused(message.CodeInvalidInput, message.MethodPredict, ask.Encode())
	b.host.picture = nil
	if p := b.predict(ask); p.Source != message.SourceModel || p.Label != "healthy" {
		t.Errorf("%q from %q", p.Label, p.Source)
	}
}
