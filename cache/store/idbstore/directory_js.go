//go:build js

package idbstore

import (
	"encoding/hex"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
	"larder/sha256"
)

// place is where a chunk lies.
type place struct {
	pack     string
	at, size int64
}

// readTable reads a table; what is none reads as an empty one, and its pack as one
// without chunks.
func readTable(v safejs.Value) []entry {
	b, err := newBlob(v)
	if err != nil || b == nil || b.size > maxEntries*entryBytes {
		return nil
	}
	data, err := b.Bytes()
	if err != nil {
		return nil
	}
	return decodeTable(data)
}

// packName names a pack after its table.
func packName(list []entry) string {
	sum := sha256.Sum256(encodeTable(list))
	return hex.EncodeToString(sum[:])
}

// directory is where everything lies, as one transaction sees it.
type directory struct {
	loose  map[store.Digest]bool
	stray  []safejs.Value // keys of records that are no chunks
	names  []string       // of the packs
	tables [][]entry
	places map[store.Digest]place
}

func (d *directory) has(digest store.Digest) bool {
	_, packed := d.places[digest]
	return packed || d.loose[digest]
}

// directory reads the directory. The transaction must be over chunks and tables.
func (t *tx) directory(then func(*directory) error) {
	d := &directory{loose: map[store.Digest]bool{}, places: map[store.Digest]place{}}
	t.ask(chunks, func(keys safejs.Value) error {
		return list(keys, func(k safejs.Value) error {
			text, _ := k.String()
			if digest, err := store.ParseDigest(text); err == nil {
				d.loose[digest] = true
			} else {
				d.stray = append(d.stray, k)
			}
			return nil
		})
	}, "getAllKeys")
	t.ask(tables, func(keys safejs.Value) error {
		return list(keys, func(k safejs.Value) error {
			name, _ := k.String()
			d.names = append(d.names, name)
			return nil
		})
	}, "getAllKeys")
	t.ask(tables, func(all safejs.Value) error {
		err := list(all, func(v safejs.Value) error {
			d.add(readTable(v))
			return nil
		})
		if err != nil {
			return err
		}
		t.s.mu.Lock()
		t.s.known = d.places
		t.s.mu.Unlock()
		return then(d)
	}, "getAll")
}

// add takes the next table. Keys and values come in the same order.
func (d *directory) add(table []entry) {
	name := d.names[len(d.tables)]
	d.tables = append(d.tables, table)
	at := int64(0)
	for _, e := range table {
		// A chunk that was put again since is loose, and that is the better one.
		if e.digest != (store.Digest{}) && !d.loose[e.digest] {
			d.places[e.digest] = place{name, at, e.size}
		}
		at += e.size
	}
}

// kill deletes chunks of a pack, and the pack when nothing is left of it. The
// transaction must be over packs and tables.
func (t *tx) kill(name string, dead func(store.Digest) bool) {
	t.ask(tables, func(v safejs.Value) error {
		table := readTable(v)
		left, changed := false, false
		for i := range table {
			if d := &table[i].digest; dead(*d) {
				changed = changed || *d != store.Digest{}
				*d = store.Digest{}
			}
			left = left || table[i].digest != store.Digest{}
		}
		switch {
		case !left:
			t.ask(tables, nil, "delete", name)
			t.ask(packs, nil, "delete", name)
		case changed:
			v, err := jsBytes(encodeTable(table))
			if err != nil {
				return err
			}
			t.ask(tables, nil, "put", v, name)
		}
		return nil
	}, "get", name)
}
