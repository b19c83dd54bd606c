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
	if err := s.takeOver(ctx, spills, nil); err != nil {
		return nil, err
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
	return g, nil
}

// gathering implements store.Gathering.
type gathering struct {
	s     *Store
	file  *spill
	slots chan int      // of the file, that are free
	turn  chan struct{} // holds one token: whoever has it adds to the pack
	pack  *making       // nil before its first chunk

	// What the slots hold, as Uint8Arrays: memory that is new to the process costs more
	// than copying into it, so they serve from the first pack to the last.
	buffers [spillSlots]safejs.Value

	storing sync.WaitGroup
	mu      sync.Mutex
	err     error // the first that storing met
}

// making is a pack in the making.
type making struct {
	slot    int
	bytes   safejs.Value // Uint8Array: what is in the slot
	end     int64        // of it
	size    int64        // of the chunks alone
	parts   []any        // the chunks, as Uint8Arrays
	entries []entry
}

func (p *making) add(e entry, data safejs.Value) {
	p.parts, p.entries = append(p.parts, data), append(p.entries, e)
	p.size += e.size
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
		// The file is counted beside the pack, by the megabyte: without it there may be room.
		// And Firefox closes it when a person clears the site's data.
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
		if g.buffers[slot].IsUndefined() {
			class, err := global("Uint8Array")
			if err == nil {
				g.buffers[slot], err = class.New(slotBytes)
			}
			if err != nil {
				g.slots <- slot
				return typed("put", "", err)
			}
		}
		g.pack = &making{slot: slot, bytes: g.buffers[slot]}
		return nil
	case <-ctx.Done():
		return store.CheckContext(ctx, "put", "")
	}
}

// add adds a chunk to the pack in the making, which is what is in its slot of the file.
func (g *gathering) add(e entry, data safejs.Value) error {
	p := g.pack
	end := p.end + spillHeader + e.size
	whole, err := p.bytes.Call("subarray", p.end, end)
	if err == nil {
		_, err = safejs.CopyBytesToJS(whole, encodeSpillHeader(e))
	}
	if err == nil {
		_, err = whole.Call("set", data, spillHeader)
	}
	if err == nil {
		err = g.file.write(whole, int64(p.slot)*slotBytes+p.end, spillHeader+e.size)
	}
	if err == nil {
		data, err = whole.Call("subarray", spillHeader)
	}
	if err == nil {
		p.add(e, data)
		p.end = end
	}
	return err
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
	if g.pack != nil {
		g.store()
	}
	g.storing.Wait()
	g.file.remove()
	for _, b := range g.buffers {
		if !b.IsUndefined() {
			free(b)
		}
	}
	return g.failed()
}

// putPack stores a pack in one transaction.
func (s *Store) putPack(p *making) error {
	name := packName(p.entries)
	class, err := global("Blob")
	if err != nil {
		return typed("put", name, err)
	}
	whole, err := class.New(p.parts) // which copies them
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
