//go:build js

package idbstore

import (
	"context"

	"larder/cache/store"
)

// takeOver stores what gatherings that were not ended had taken and not stored, as far as it
// is wanted (nil: all), and deletes their files: whoever asks next what is missing finds it. The file
// of one whose owner lives is left alone.
func (s *Store) takeOver(ctx context.Context, f *spills, wanted func(store.Digest) bool) error {
	names, _ := f.left()
	for _, name := range names {
		old := f.abandoned(name)
		if old == nil {
			continue
		}
		// Where there is no room for its chunks its own is worth more.
		if err := s.rescue(ctx, old, wanted); err != nil && store.CodeOf(err) != store.Quota {
			old.close()
			return err
		}
		old.remove()
	}
	return nil
}

// rescue stores the chunks of a file that are not stored. What cannot be read of it is
// fetched again.
func (s *Store) rescue(ctx context.Context, old *spill, wanted func(store.Digest) bool) error {
	for i := range spillSlots {
		slot, err := old.slot(i)
		if err != nil {
			continue
		}
		chunks := decodeSlot(slot)
		var digests []store.Digest
		for _, c := range chunks {
			if wanted == nil || wanted(c.Digest) {
				digests = append(digests, c.Digest)
			}
		}
		missing, err := s.Missing(ctx, digests)
		if err != nil {
			return err
		}
		p := &making{}
		for _, c := range chunks { // in the same order
			if len(missing) > 0 && c.Digest == missing[0] {
				missing = missing[1:]
				array, err := arrayOf(c.Data)
				if err != nil {
					return typed("gather", old.name, err)
				}
				p.add(entry{c.Digest, c.Data.Size()}, array)
			}
		}
		if len(p.entries) > 0 {
			if err := s.putPack(p); err != nil {
				return err
			}
		}
	}
	return nil
}
