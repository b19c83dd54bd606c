//go:build js

package idbstore

import (
	"context"
	"sync/atomic"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// Chunks implements store.Store. The blobs are of type *Blob; those of chunks that are
// neighbours in one pack share a buffer.
func (s *Store) Chunks(ctx context.Context, digests []store.Digest) ([]store.Blob, error) {
	var r *search
	err := s.do(ctx, "read", "", reading, func(t *tx) {
		r = &search{t: t, digests: digests, found: make([]piece, len(digests))}
		s.mu.Lock()
		places := s.known
		s.mu.Unlock()
		r.read(r.all(), places, false)
	}, chunks, packs, tables)
	if err != nil {
		return nil, err
	}
	out, err := r.bytes()
	if err != nil {
		return nil, typed("read", "", err)
	}
	return out, store.CheckContext(ctx, "read", "")
}

// piece is where the bytes of a chunk are.
type piece struct {
	value safejs.Value // a Uint8Array with them, or the pack, a Blob of the browser
	size  int64        // 0: missing
	pack  string       // "": value is a Uint8Array
	at    int64        // in the pack
}

// search is one call of Chunks: it looks where chunks lay when that was last known,
// and for those that are gone from there, where they are now.
type search struct {
	t       *tx
	digests []store.Digest
	found   []piece
	lost    []int        // not where they were thought to be
	pending int          // requests
	sure    bool         // places are those of this transaction
	then    func() error // called when everything was looked for; may be nil
}

func (r *search) all() []int {
	all := make([]int, len(r.digests))
	for i := range all {
		all[i] = i
	}
	return all
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
				r.found[i] = piece{value: b.array, size: b.size}
			} else {
				r.lost = append(r.lost, i)
			}
			return r.answered()
		}, "get", r.digests[i].String())
	}
	for name, members := range byPack {
		r.t.ask(packs, func(v safejs.Value) error {
			if err := r.split(v, name, members, places); err != nil {
				return err
			}
			return r.answered()
		}, "get", name)
	}
}

// split takes chunks out of a pack.
func (r *search) split(whole safejs.Value, name string, members []int, places map[store.Digest]place) error {
	size, err := packSize(whole)
	if err != nil {
		return err
	}
	for _, i := range members {
		p := places[r.digests[i]]
		if p.at+p.size > size || p.size == 0 {
			r.lost = append(r.lost, i)
			continue
		}
		r.found[i] = piece{value: whole, size: p.size, pack: name, at: p.at}
	}
	return nil
}

// packSize returns the size of a pack, 0 for what is no Blob and so none.
func packSize(v safejs.Value) (int64, error) {
	class, err := global("Blob")
	if err != nil || v.Type() != safejs.TypeObject {
		return 0, err
	}
	is, err := v.InstanceOf(class)
	if !is || err != nil {
		return 0, err
	}
	return numberAt(v, "size"), nil
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

// run is chunks that are neighbours in a pack.
type run struct {
	members []int
	from    piece
	end     int64
	promise safejs.Value
}

// bytes reads what lies in packs, each run of neighbours at once and all runs side by
// side. The transaction may be over.
func (r *search) bytes() ([]store.Blob, error) {
	out := make([]store.Blob, len(r.found))
	var runs []*run
	last := map[string]*run{} // of a pack
	for i, f := range r.found {
		if f.pack == "" {
			if f.size > 0 {
				out[i] = &Blob{array: f.value, size: f.size}
			}
			continue
		}
		g := last[f.pack]
		if g == nil || g.end != f.at { // files are read in the order in which they were packed
			g = &run{from: f, end: f.at}
			runs, last[f.pack] = append(runs, g), g
		}
		g.members, g.end = append(g.members, i), g.end+f.size
	}
	for _, g := range runs {
		part, err := g.from.value.Call("slice", g.from.at, g.end)
		if err == nil {
			g.promise, err = part.Call("arrayBuffer")
		}
		if err != nil {
			return nil, err
		}
	}
	for _, g := range runs {
		whole, err := await(g.promise, nil)
		if err != nil {
			continue // the file behind it is gone, and with it the chunks
		}
		if err := r.cut(whole, g, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cut takes the chunks of a run out of its bytes.
func (r *search) cut(buffer safejs.Value, g *run, out []store.Blob) error {
	whole, err := newBlob(buffer)
	if err != nil || whole == nil || whole.size != g.end-g.from.at {
		return err
	}
	users := &atomic.Int32{}
	for _, i := range g.members {
		f := r.found[i]
		part, err := whole.array.Call("subarray", f.at-g.from.at, f.at-g.from.at+f.size)
		if err != nil {
			return err
		}
		users.Add(1)
		out[i] = &Blob{array: part, size: f.size, users: users}
	}
	return nil
}
