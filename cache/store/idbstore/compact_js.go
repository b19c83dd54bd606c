//go:build js

package idbstore

import (
	"context"
	"slices"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// Compact implements store.Store. It packs loose chunks of records, and what is left of
// packs that are half dead, one transaction for each new pack.
func (s *Store) Compact(ctx context.Context) (int, error) {
	var groups [][]entry
	var from map[store.Digest]place
	err := s.do(ctx, "compact", "", reading, func(t *tx) {
		t.snapshot(func(all []store.Record) error {
			t.directory(func(d *directory) error {
				groups, from = d.groups(all), d.places
				return nil
			})
			return nil
		})
	}, records, chunks, tables)
	moved := 0
	for _, g := range groups {
		if err == nil {
			var is bool
			if is, err = s.pack(ctx, g, from); is {
				moved += len(g)
			}
		}
	}
	return moved, err
}

// groups says what to pack together: in the order of the records, so that neighbours
// in a file are neighbours in a pack.
func (d *directory) groups(all []store.Record) [][]entry {
	poor := map[string]bool{}
	for i, table := range d.tables {
		var live, total int64
		for _, e := range table {
			total += e.size
			if d.places[e.digest].pack == d.names[i] {
				live += e.size
			}
		}
		poor[d.names[i]] = 2*live < total
	}
	var out [][]entry
	var group []entry
	size := int64(0)
	flush := func() {
		if len(group) > 1 {
			out = append(out, group)
		}
		group, size = nil, 0
	}
	done := map[store.Digest]bool{}
	for _, r := range all {
		for _, c := range r.Chunks {
			p, packed := d.places[c.Digest]
			if done[c.Digest] || c.Size > packBytes/2 || !d.loose[c.Digest] && !(packed && poor[p.pack]) {
				continue
			}
			done[c.Digest] = true
			if size+c.Size > packBytes || len(group) == maxEntries {
				flush()
			}
			group = append(group, entry{c.Digest, c.Size})
			size += c.Size
		}
	}
	flush()
	return out
}

// pack moves chunks into one new pack. It reports whether it did: it leaves the chunks
// alone when one is gone meanwhile, or has another size than its records say.
func (s *Store) pack(ctx context.Context, group []entry, from map[store.Digest]place) (bool, error) {
	name := packName(group)
	digests := make([]store.Digest, len(group))
	for i, e := range group {
		digests[i] = e.digest
	}
	ok := false
	err := s.do(ctx, "compact", name, writing, func(t *tx) {
		ok = false
		r := &search{t: t, digests: digests, found: make([]piece, len(group)), sure: true}
		r.then = func() error {
			whole, err := join(r.found, group)
			if err != nil || whole.IsNull() {
				return err
			}
			table, err := jsBytes(encodeTable(group))
			if err != nil {
				return err
			}
			ok = true
			t.ask(packs, nil, "put", whole, name)
			t.ask(tables, nil, "put", table, name)
			t.clear(digests, from)
			return nil
		}
		r.read(r.all(), from, true)
	}, chunks, packs, tables)
	return ok && err == nil, err
}

// clear deletes chunks from where they were before they were packed.
func (t *tx) clear(digests []store.Digest, from map[store.Digest]place) {
	gone := map[store.Digest]bool{}
	var old []string
	for _, d := range digests {
		gone[d] = true
		if p, packed := from[d]; packed {
			old = append(old, p.pack)
		} else {
			t.ask(chunks, nil, "delete", d.String())
		}
	}
	slices.Sort(old)
	for _, name := range slices.Compact(old) {
		t.kill(name, func(d store.Digest) bool { return gone[d] })
	}
}

// join makes one Blob of chunks, which reads none of those in packs; null if not all are
// there.
func join(pieces []piece, group []entry) (safejs.Value, error) {
	parts := make([]any, len(pieces))
	for i, e := range group {
		f := pieces[i]
		if f.size != e.size {
			return safejs.Null(), nil
		}
		part := f.value
		if f.pack != "" {
			var err error
			if part, err = part.Call("slice", f.at, f.at+f.size); err != nil {
				return part, err
			}
		}
		parts[i] = part
	}
	class, err := global("Blob")
	if err != nil {
		return class, err
	}
	return class.New(parts)
}
