//go:build !js

package main

import (
	"bytes"
	"strings"
	"testing"

	"larder/wasm/message"
)

// list returns what is stored.
func (b *bench) list() []message.CacheEntry {
	b.t.Helper()
	l, err := message.DecodeCacheList(b.ask(message.MethodCacheList, nil))
	if err != nil {
		b.t.Fatal(err)
	}
	return l.Entries
}

func TestKeeping(t *testing.T) {
	b := newBench(t)
	b.open()
	b.ask(message.MethodCachePrefetch, message.Load{Model: "leaf-small"}.Encode())
	if l := b.list(); len(l) != 1 || l[0].Pinned || l[0].InUse != 0 || l[0].Hits != 0 || len(b.shelf.models) != 0 {
		t.Fatalf("after prefetching: %+v, %d models", l, len(b.shelf.models))
	}
	for _, on := range []bool{true, false} {
		b.ask(message.MethodCachePin, message.Pin{Model: "leaf-small", Pinned: on}.Encode())
		if l := b.list(); l[0].Pinned != on {
			t.Errorf("pinned %v, want %v", l[0].Pinned, on)
		}
	}
	v, err := message.DecodeVerified(b.ask(message.MethodCacheVerify, message.Model{Model: "leaf-small"}.Encode()))
	if err != nil || v.Chunks == 0 || v.Bytes != b.list()[0].Bytes || v.Corrupt+v.Missing+v.Repaired != 0 {
		t.Errorf("verified %+v, %v", v, err)
	}
	b.dispose(b.load("leaf-small", "").Handle)
	if l := b.list(); l[0].Hits != 1 {
		t.Errorf("%d hits", l[0].Hits)
	}
}

// TestFlush looks into the store for what was only counted before.
func TestFlush(t *testing.T) {
	b := newBench(t)
	b.refused(message.CodeClosed, message.MethodCacheFlush, nil)
	b.open()
	b.ask(message.MethodCachePrefetch, message.Load{Model: "leaf-small"}.Encode())
	for range 3 {
		b.dispose(b.load("leaf-small", "").Handle)
	}
	for _, want := range []int64{0, 3, 3} {
		snap, err := b.host.store.Snapshot(t.Context())
		if err != nil || len(snap.Records) != 1 || snap.Records[0].Hits != want || b.list()[0].Hits != 3 {
			t.Fatalf("%+v, %v; want %d hits", snap.Records, err, want)
		}
		b.ask(message.MethodCacheFlush, nil)
	}
}

// TestExportImport carries a model from one worker to another that has no registry.
func TestExportImport(t *testing.T) {
	b := newBench(t)
	b.open()
	b.ask(message.MethodCachePrefetch, message.Load{Model: "leaf-small"}.Encode())
	e, err := message.DecodeExported(b.ask(message.MethodCacheExport, message.Load{Model: "leaf-small"}.Encode()))
	if err != nil || e.Name != "leaf-small-1.0.0.larder" {
		t.Fatalf("exported %q, %v", e.Name, err)
	}
	file := bytes.Clone(e.File.([]byte))

	far := newBench(t)
	far.root = "http://127.0.0.1:1/" // nobody answers there
	far.open()
	for name, tt := range map[string]struct {
		file any
		code string
	}{
		"no file":    {[]byte("GIF89a"), message.CodeInvalidInput},
		"cut short":  {file[:len(file)-1], message.CodeCorrupt},
		"not a file": {7.0, message.CodeInvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			far.refused(tt.code, message.MethodCacheImport, message.Import{File: tt.file}.Encode())
			if l := far.list(); len(l) != 0 {
				t.Errorf("stored %+v", l)
			}
		})
	}
	l, err := message.DecodeCacheList(far.ask(message.MethodCacheImport, message.Import{File: file}.Encode()))
	if err != nil || len(l.Entries) != 1 || l.Entries[0].Model.Version != "1.0.0" {
		t.Fatalf("imported %+v, %v", l, err)
	}
	info := far.load("leaf-small", "")
	photo := readFile(t, models+"/leaf-small/1.0.0/demo/bean_rust.jpg")
	p, err := message.DecodePrediction(far.ask(message.MethodPredict, message.Input{Handle: info.Handle, Input: photo}.Encode()))
	if err != nil || p.Label != "bean_rust" {
		t.Errorf("prediction %+v, %v", p, err)
	}
}

func TestRollingBack(t *testing.T) {
	b := newBench(t)
	b.open()
	b.refused(message.CodeNotFound, message.MethodCacheRollback, message.Model{Model: "leaf"}.Encode())
	for _, version := range []string{"1.1.0", ""} {
		b.ask(message.MethodCachePrefetch, message.Load{Model: "leaf", Version: version}.Encode())
	}
	b.ask(message.MethodCacheRollback, message.Model{Model: "leaf"}.Encode())
	for _, e := range b.list() {
		if latest := strings.Contains(strings.Join(e.Selectors, " "), "latest"); latest != (e.Model.Version == "1.1.0") {
			t.Errorf("%s answers to %v", e.Model.Version, e.Selectors)
		}
	}
	b.refused(message.CodeNotFound, message.MethodCacheRollback, message.Model{Model: "leaf"}.Encode())
}

// TestTiers follows one model through the tiers.
func TestTiers(t *testing.T) {
	b := newBench(t)
	b.open()
	first, second := b.load("leaf-small", ""), b.load("leaf-small", "")
	if l := b.list(); l[0].Hits != 1 {
		t.Errorf("%d hits of a download and an answer from memory", l[0].Hits)
	}
	b.dispose(first.Handle)
	b.ask(message.MethodCachePrefetch, message.Load{Model: "leaf-small", Version: "1.0.0"}.Encode())
	s, err := message.DecodeCacheStats(b.ask(message.MethodCacheStats, nil))
	if err != nil {
		t.Fatal(err)
	}
	memory, store, registry := s.Tiers[message.TierMemory], s.Tiers[message.TierStore], s.Tiers[message.TierRegistry]
	if memory.Hits != 1 || memory.Misses != 1 || memory.Loads != 1 || memory.Leases != 1 || memory.HitTime.Count != 1 || memory.Entries != 1 {
		t.Errorf("memory %+v", memory)
	}
	if store.Hits != 1 || store.Misses != 1 || store.Loads != 1 || store.BytesLoaded != s.StoreBytes || store.Entries != 1 || store.Bytes != s.StoreBytes {
		t.Errorf("store %+v", store)
	}
	if registry.Hits != 1 || registry.Loads != 1 || registry.BytesLoaded != s.BytesDownloaded || registry.LoadTime.Count != 1 {
		t.Errorf("registry %+v", registry)
	}
	photo := readFile(t, models+"/leaf-small/1.0.0/demo/bean_rust.jpg")
	for range 2 {
		b.ask(message.MethodPredict, message.Input{Handle: second.Handle, Input: photo}.Encode())
	}
	s, _ = message.DecodeCacheStats(b.ask(message.MethodCacheStats, nil))
	if p := s.Tiers[message.TierPredictions]; p.Hits != 1 || p.Misses != 1 || p.Entries != 1 {
		t.Errorf("predictions %+v", p)
	}
	b.dispose(second.Handle)
	b.ask(message.MethodCacheEvict, message.Model{Model: "leaf-small"}.Encode())
	b.refused(message.CodeNotFound, message.MethodLoad, message.Load{Model: "nothing"}.Encode())
	s, _ = message.DecodeCacheStats(b.ask(message.MethodCacheStats, nil))
	if n := s.Tiers[message.TierStore].Evictions["explicit"]; n != 1 || s.Tiers[message.TierStore].Entries != 0 {
		t.Errorf("%d removed, store %+v", n, s.Tiers[message.TierStore])
	}
}

func TestKeepingRefuses(t *testing.T) {
	b := newBench(t)
	all := []string{message.MethodCachePrefetch, message.MethodCachePin, message.MethodCacheRollback, message.MethodCacheVerify, message.MethodCacheExport}
	for _, method := range all {
		b.refused(message.CodeClosed, method, message.Pin{Model: "leaf"}.Encode())
	}
	b.refused(message.CodeClosed, message.MethodCacheImport, message.Import{File: []byte{1}}.Encode())
	b.open()
	for _, method := range append(all, message.MethodCacheImport) {
		b.refused(message.CodeInvalidInput, method, nil)
	}
	for _, method := range all[1:] {
		b.refused(message.CodeNotFound, method, message.Pin{Model: "leaf"}.Encode())
	}
}
