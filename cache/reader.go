package cache

import (
	"context"
	"io"
	"slices"

	"larder/cache/registry"
	"larder/cache/store"
)

// Reader reads a verified file in pieces: chunks come from the store, and are
// verified and repaired, when they are asked for, a batch at a time, and go when
// the next ones come. It is for files that are too large to be in memory twice. It
// is not for several goroutines at once.
type Reader struct {
	ctx      context.Context
	cache    *Cache
	version  *version
	desc     *registry.File
	starts   []int64 // of each chunk, and the end
	progress func(Progress)
	told     int64

	first int // the chunk that pieces begin with
	batch *File
	whole bool // batch has all there is, and others have it too
}

// Reader opens a needed file. What it reads is not kept in memory, but for a file
// of one batch, which is read at once. progress may be nil. The errors are those of
// File, and those of ReadAt too.
func (e *Entry) Reader(ctx context.Context, path string, progress func(Progress)) (*Reader, error) {
	c, v := e.cache, e.version
	if err := c.open("file", e.Name, e.Version); err != nil {
		return nil, err
	}
	desc := v.manifest.File(path)
	if progress == nil {
		progress = func(Progress) {}
	}
	r := &Reader{ctx: ctx, cache: c, version: v, desc: desc, progress: progress}
	if desc == nil || !desc.Needed() || desc.Bytes <= readBatch {
		f, err := e.File(ctx, path, progress)
		if err != nil {
			return nil, err
		}
		r.batch, r.whole = f, true
	}
	at := int64(0)
	for _, k := range desc.Chunks {
		r.starts = append(r.starts, at)
		at += k.Bytes
	}
	r.starts = append(r.starts, at)
	return r, nil
}

// Size returns the number of bytes.
func (r *Reader) Size() int64 { return r.desc.Bytes }

// Attend makes reads from now on end with another context: those after a load that
// has ended.
func (r *Reader) Attend(ctx context.Context) { r.ctx = ctx }

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		if at < 0 || at >= r.Size() {
			return n, io.EOF
		}
		piece, start, err := r.piece(at)
		if err != nil {
			return n, err
		}
		m := int(min(int64(len(p)-n), start+piece.Size()-at))
		if err := store.CopyFrom(piece, p[n:n+m], at-start); err != nil {
			return n, r.cache.failed("file", r.version.record.Name, r.version.record.Version, err)
		}
		n, at = n+m, at+int64(m)
	}
	return n, nil
}

// piece returns the chunk that has an offset, and where it starts.
func (r *Reader) piece(at int64) (store.Blob, int64, error) {
	i, found := slices.BinarySearch(r.starts, at)
	if !found {
		i--
	}
	if r.batch == nil || i < r.first || i >= r.first+len(r.batch.pieces) {
		if err := r.fetch(i); err != nil {
			return nil, 0, err
		}
	}
	return r.batch.pieces[i-r.first], r.starts[i], nil
}

// fetch reads a batch from a chunk on.
func (r *Reader) fetch(from int) error {
	r.release()
	to := from + 1
	for to < len(r.desc.Chunks) && r.starts[to+1]-r.starts[from] <= readBatch {
		to++
	}
	part := *r.desc
	part.Chunks = r.desc.Chunks[from:to]
	f, err := r.cache.readFile(r.ctx, r.version, &part, func(p Progress) {
		if p.Phase == PhaseDownload { // of a repair
			r.progress(p)
		}
	})
	if err != nil {
		return r.cache.failed("file", r.version.record.Name, r.version.record.Version, err)
	}
	r.batch, r.first = f, from
	if end := r.starts[to]; end > r.told {
		r.told = end
		r.progress(Progress{Phase: PhaseVerify, Loaded: end, Total: r.desc.Bytes, File: r.desc.Path})
	}
	return nil
}

// Close lets go of the chunks at hand and tells that no more will be read soon. The
// Reader can still be used.
func (r *Reader) Close() {
	r.release()
	if r.told > 0 && r.told < r.desc.Bytes { // what nobody asked for is not verified
		r.told = r.desc.Bytes
		r.progress(Progress{Phase: PhaseVerify, Loaded: r.told, Total: r.told, File: r.desc.Path})
	}
}

func (r *Reader) release() {
	if r.batch == nil || r.whole {
		return
	}
	for _, b := range r.batch.pieces {
		r.cache.free(b)
	}
	r.batch = nil
}
