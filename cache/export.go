package cache

import (
	"context"
	"encoding/binary"

	"larder/cache/registry"
	"larder/cache/store"
	"larder/sha256"
)

// An export is one version as one file, for places without a network. It holds what a
// prediction needs, not the card or the demos:
//
//	8 bytes     "LARDER" 0 1
//	sections    4 letters, 8 bytes of length (lowest first), so many bytes
//	  TIME      8 bytes: when the registry last confirmed the version, in milliseconds
//	            since 1970 (lowest byte first)
//	  MANI      32 bytes: SHA-256 of the manifest; then the manifest as it was published
//	  DATA      the chunks of the needed files in the manifest's order, each once
//
// TIME and MANI come before DATA, which is the last. Sections of other names before DATA
// are for signatures and the like: a reader that does not know one skips it if it is no
// longer than 1 MiB. The manifest's digest guards the manifest and its digests guard the
// chunks, so that nothing but TIME can be changed without being found.
const exportMagic = "LARDER\x00\x01"

const (
	sectionTime     = "TIME"
	sectionManifest = "MANI"
	sectionData     = "DATA"
	sectionHead     = 12      // bytes
	maxSection      = 1 << 20 // of a section that is skipped
	maxSections     = 16
)

// appendSection appends a section's head.
func appendSection(out []byte, name string, size int64) []byte {
	return binary.LittleEndian.AppendUint64(append(out, name...), uint64(size))
}

// Export writes a stored version as one file: about, which may be nil, is told which
// version it is, then write is called with its consecutive pieces, of at most some
// megabytes, which may lie outside Go's heap and are freed when it returns. Nothing is fetched, except to repair a chunk that is damaged. Errors:
// NotFound (no such version is stored), Corrupt, and those of write.
func (c *Cache) Export(ctx context.Context, name, selector string, about func(Info), write func(store.Blob) error, progress func(Progress)) error {
	const op = "export"
	r, err := c.request(op, name, selector)
	if err != nil {
		return c.failed(op, name, selector, err)
	}
	local, err := c.look(ctx, r)
	switch {
	case err != nil:
	case local.version == nil:
		err = &Error{Code: NotFound, Op: op, Name: name, Version: selector, Detail: "it is not stored on this device: load it first"}
	case local.damage != nil:
		err = local.damage
	default:
		if about != nil {
			about(c.info(&local.record, local.manifest))
		}
		err = c.export(ctx, local, write, progress)
	}
	if err != nil {
		return c.failed(op, name, selector, err)
	}
	return nil
}

func (c *Cache) export(ctx context.Context, local *stored, write func(store.Blob) error, progress func(Progress)) error {
	all := whole(local.manifest)
	sum := sha256.Sum256(local.record.Manifest)
	head := appendSection([]byte(exportMagic), sectionTime, 8)
	head = binary.LittleEndian.AppendUint64(head, uint64(store.Milli(local.checkedAt)))
	head = appendSection(head, sectionManifest, int64(len(sum)+len(local.record.Manifest)))
	head = append(append(head, sum[:]...), local.record.Manifest...)
	head = appendSection(head, sectionData, all.Bytes)
	if err := write(store.Bytes(head)); err != nil {
		return err
	}
	done := int64(0)
	for from := 0; from < len(all.Chunks); {
		to, size := batch(all.Chunks, from)
		part := registry.File{Path: all.Path, Bytes: size, Chunks: all.Chunks[from:to]}
		f, err := c.readFile(ctx, local.version, &part, func(Progress) {})
		if err != nil {
			return err
		}
		for _, p := range f.pieces {
			if err := write(p); err != nil {
				return err
			}
			c.free(p)
		}
		from, done = to, done+size
		if progress != nil {
			progress(Progress{Phase: PhaseVerify, Loaded: done, Total: all.Bytes})
		}
	}
	return nil
}

// whole is all that a prediction needs of a version as if it were one file, each chunk
// once.
func whole(m *registry.Manifest) registry.File {
	out := registry.File{Path: "the version"}
	seen := map[store.Digest]bool{}
	for _, f := range m.Files {
		for _, k := range f.Chunks {
			if f.Needed() && !seen[k.SHA256] {
				seen[k.SHA256] = true
				out.Chunks = append(out.Chunks, k)
				out.Bytes += k.Bytes
			}
		}
	}
	return out
}

// batch returns the end of the chunks from one on that are read at a time, and their
// bytes.
func batch(chunks []registry.Chunk, from int) (to int, size int64) {
	to = from
	for to < len(chunks) && (to == from || size+chunks[to].Bytes <= readBatch) {
		size += chunks[to].Bytes
		to++
	}
	return to, size
}
