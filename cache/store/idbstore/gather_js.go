//go:build js

package idbstore

import (
	"context"
	"sync"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// Gather implements store.Gatherer. A chunk goes to a file, which is what makes it
// survive, and into the pack in the making; packs are stored behind the caller's back.
// Where there are no such files it returns nil.
func (s *Store) Gather(ctx context.Context) (store.Gathering, error) {
	if err := store.CheckContext(ctx, "gather", ""); err != nil {
		return nil, err
	}
	spills, err := openSpills(s.name)
	if err != nil || spills == nil {
		return nil, nil // refused, as in private windows of some browsers: chunks go one by one
	}
	left, err := spills.left()
	if err != nil {
		return nil, nil
	}
	file, err := spills.create()
	if err != nil {
		return nil, nil
	}
	g := &gathering{s: s, file: file, turn: make(chan struct{}, 1), slots: make(chan int, spillSlots)}
	g.turn <- struct{}{}
	for i := range spillSlots {
		g.slots <- i
	}
	for _, name := range left {
		if err := g.adopt(ctx, name); err != nil {
			_ = g.End(ctx)
			return nil, typed("gather", name, err)
		}
	}
	return g, nil
}

// gathering implements store.Gathering.
type gathering struct {
	s     *Store
	file  *spill
	slots chan int      // of the file, that are free
	turn  chan struct{} // holds one token: whoever has it adds to the pack
	pack  *making       // nil before its first chunk

	storing sync.WaitGroup
	mu      sync.Mutex
	err     error // the first that storing met
}

// making is a pack in the making.
type making struct {
	slot    int
	bytes   safejs.Value // Uint8Array of packBytes
	size    int64        // of the chunks
	entries []entry
}

// adopt stores what a gathering that was not ended had taken and not stored: whoever asks
// next what is missing finds it. The file of one whose owner lives is left alone.
func (g *gathering) adopt(ctx context.Context, name string) error {
	old := g.file.abandoned(name)
	if old == nil {
		return nil
	}
	for i := range spillSlots {
		slot, err := old.slot(i)
		if err == nil {
			err = g.putMissing(ctx, decodeSlot(slot))
		}
		if err != nil {
			old.close()
			return err
		}
	}
	g.flush()
	if err := g.failed(); err != nil {
		old.close()
		return err
	}
	old.remove()
	return nil
}

// putMissing takes those chunks that are not stored.
func (g *gathering) putMissing(ctx context.Context, chunks []store.Chunk) error {
	digests := make([]store.Digest, len(chunks))
	for i, c := range chunks {
		digests[i] = c.Digest
	}
	missing, err := g.s.Missing(ctx, digests)
	for _, c := range chunks { // in the same order
		if err == nil && len(missing) > 0 && c.Digest == missing[0] {
			missing = missing[1:]
			err = g.Put(ctx, c)
		}
	}
	return err
}

// Put implements store.Gathering.
func (g *gathering) Put(ctx context.Context, c store.Chunk) error {
	if err := store.CheckChunks([]store.Chunk{c}); err != nil {
		return err
	}
	key := c.Digest.String()
	if err := store.CheckContext(ctx, "put", key); err != nil {
		return err
	}
	if c.Data.Size() > packBytes/2 {
		return g.s.PutChunks(ctx, []store.Chunk{c})
	}
	array, err := arrayOf(c.Data)
	if err != nil {
		return typed("put", key, err)
	}
	select {
	case <-g.turn:
		defer func() { g.turn <- struct{}{} }()
	case <-ctx.Done():
		return store.CheckContext(ctx, "put", key)
	}
	if err := g.room(ctx, c.Data.Size()); err != nil {
		return err
	}
	if err := g.add(entry{c.Digest, c.Data.Size()}, array); err != nil {
		if err = typed("put", key, err); store.CodeOf(err) != store.Quota {
			return err
		}
		// The file is counted beside the pack, by the megabyte: without it there may be room.
		return g.s.PutChunks(ctx, []store.Chunk{c})
	}
	return nil
}

// room sees to a pack that has room for so many bytes more.
func (g *gathering) room(ctx context.Context, size int64) error {
	if p := g.pack; p != nil && (p.size+size > packBytes || len(p.entries) == maxEntries) {
		g.store()
	}
	if err := g.failed(); err != nil || g.pack != nil {
		return err
	}
	select {
	case slot := <-g.slots:
		class, err := global("Uint8Array")
		if err == nil {
			var bytes safejs.Value
			if bytes, err = class.New(packBytes); err == nil {
				g.pack = &making{slot: slot, bytes: bytes}
				return nil
			}
		}
		g.slots <- slot
		return typed("put", "", err)
	case <-ctx.Done():
		return store.CheckContext(ctx, "put", "")
	}
}

// add adds a chunk to the pack in the making, first to its slot of the file.
func (g *gathering) add(e entry, data safejs.Value) error {
	p := g.pack
	at := int64(p.slot)*slotBytes + p.size + int64(len(p.entries))*spillHeader
	if err := g.file.write(e, data, at); err != nil {
		return err
	}
	if _, err := p.bytes.Call("set", data, p.size); err != nil {
		return err
	}
	p.entries = append(p.entries, e)
	p.size += e.size
	return nil
}

// store has the pack in the making stored. Its slot is free when it is.
func (g *gathering) store() {
	p := g.pack
	g.pack = nil
	g.storing.Go(func() {
		if err := g.s.putPack(p); err != nil {
			g.mu.Lock()
			if g.err == nil {
				g.err = err
			}
			g.mu.Unlock()
		}
		g.slots <- p.slot
	})
}

func (g *gathering) failed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// End implements store.Gathering. It does not end before everything is stored, whatever
// becomes of its context.
func (g *gathering) End(context.Context) error {
	<-g.turn
	g.flush()
	g.file.remove()
	return g.failed()
}

// flush waits until everything is stored.
func (g *gathering) flush() {
	if g.pack != nil {
		g.store()
	}
	g.storing.Wait()
}

// putPack stores a pack in one transaction.
func (s *Store) putPack(p *making) error {
	name := packName(p.entries)
	defer free(p.bytes)
	used, err := p.bytes.Call("subarray", 0, p.size)
	if err != nil {
		return typed("put", name, err)
	}
	class, err := global("Blob")
	if err != nil {
		return typed("put", name, err)
	}
	whole, err := class.New([]any{used}) // which copies it
	if err != nil {
		return typed("put", name, err)
	}
	table, err := jsBytes(encodeTable(p.entries))
	if err != nil {
		return typed("put", name, err)
	}
	return s.do(context.Background(), "put", name, writing, func(t *tx) {
		t.ask(packs, nil, "put", whole, name)
		t.ask(tables, nil, "put", table, name)
	}, packs, tables)
}
