//go:build js

package idbstore

import (
	"context"
	"sync/atomic"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// Chunks implements store.Store. The blobs are of type *Blob; those of chunks that lie
// in one pack share its buffer.
func (s *Store) Chunks(ctx context.Context, digests []store.Digest) ([]store.Blob, error) {
	var r *search
	err := s.do(ctx, "read", "", reading, func(t *tx) {
		r = &search{t: t, digests: digests, out: make([]store.Blob, len(digests))}
		s.mu.Lock()
		places := s.known
		s.mu.Unlock()
		all := make([]int, len(digests))
		for i := range all {
			all[i] = i
		}
		r.read(all, places, false)
	}, chunks, packs, tables)
	if err != nil {
		return nil, err
	}
	return r.out, nil
}

// search is one call of Chunks: it looks where chunks lay when that was last known,
// and for those that are gone from there, where they are now.
type search struct {
	t       *tx
	digests []store.Digest
	out     []store.Blob
	lost    []int        // not where they were thought to be
	pending int          // requests
	sure    bool         // places are those of this transaction
	then    func() error // called when everything was looked for; may be nil
}

func (r *search) read(indexes []int, places map[store.Digest]place, sure bool) {
	r.sure, r.lost = sure, nil
	byPack := map[string][]int{}
	var loose []int
	for _, i := range indexes {
		if p, ok := places[r.digests[i]]; ok {
			byPack[p.pack] = append(byPack[p.pack], i)
		} else {
			loose = append(loose, i)
		}
	}
	r.pending = len(loose) + len(byPack)
	for _, i := range loose {
		r.t.ask(chunks, func(v safejs.Value) error {
			// What is no buffer was written by somebody else: as good as missing.
			b, err := newBlob(v)
			if err != nil {
				return err
			}
			if b != nil {
				r.out[i] = b
			} else {
				r.lost = append(r.lost, i)
			}
			return r.answered()
		}, "get", r.digests[i].String())
	}
	for name, members := range byPack {
		r.t.ask(packs, func(v safejs.Value) error {
			whole, err := newBlob(v)
			if err == nil {
				err = r.split(whole, members, places)
			}
			if err != nil {
				return err
			}
			return r.answered()
		}, "get", name)
	}
}

// split takes chunks out of a pack.
func (r *search) split(whole *Blob, members []int, places map[store.Digest]place) error {
	users := &atomic.Int32{}
	for _, i := range members {
		p := places[r.digests[i]]
		if whole == nil || p.at+p.size > whole.size || p.size == 0 {
			r.lost = append(r.lost, i)
			continue
		}
		part, err := whole.array.Call("subarray", p.at, p.at+p.size)
		if err != nil {
			return err
		}
		users.Add(1)
		r.out[i] = &Blob{array: part, size: p.size, users: users}
	}
	return nil
}

// answered is told of each request's end. After the last it looks for what was lost.
func (r *search) answered() error {
	if r.pending--; r.pending > 0 {
		return nil
	}
	if len(r.lost) == 0 || r.sure {
		if r.then != nil {
			return r.then()
		}
		return nil
	}
	lost := r.lost
	r.t.directory(func(d *directory) error {
		var there []int
		for _, i := range lost {
			if d.has(r.digests[i]) {
				there = append(there, i)
			}
		}
		r.read(there, d.places, true)
		return nil
	})
	return nil
}
