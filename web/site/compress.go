package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// minimumSaving is the share that compression has to save of a model file: the
// weights of most are noise to a compressor, and a host should not store, nor a
// browser decode, a second copy for a percent.
const minimumSaving = 0.03

// incompressible are kinds of files that are compressed already.
var incompressible = map[string]bool{".png": true, ".jpg": true, ".jpeg": true, ".webp": true, ".gif": true, ".woff2": true}

// encodings are the compressed forms of one file; nil where none is worth keeping.
type encodings struct{ gzip, brotli []byte }

// compress compresses every file of the site, as many at a time as there are
// processors. Results are kept by content, because brotli at its best level takes
// seconds for each megabyte.
func (b *builder) compress(ctx context.Context) (map[string]encodings, error) {
	cache := filepath.Join(b.Work, "compressed")
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return nil, err
	}
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		out   = map[string]encodings{}
		errs  []error
		slots = make(chan struct{}, runtime.GOMAXPROCS(0))
	)
	for _, name := range slices.Sorted(maps.Keys(b.site)) {
		if incompressible[path.Ext(name)] {
			continue
		}
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() != nil {
				return
			}
			encoded, err := b.compressFile(cache, name)
			mu.Lock()
			defer mu.Unlock()
			out[name] = encoded
			errs = append(errs, err)
		})
	}
	group.Wait()
	return out, errors.Join(append(errs, ctx.Err())...)
}

// compressFile returns the forms of one file that are worth keeping.
func (b *builder) compressFile(cache, name string) (encodings, error) {
	content := b.site[name]
	limit, kind, encode := len(content), "br", brotliBest
	if strings.HasPrefix(name, "models/") {
		limit -= int(minimumSaving * float64(len(content)))
		if len(content) > longModel {
			kind, encode = "br9", brotliFast
		}
	}
	out := encodings{}
	gz, err := cached(cache, "gz", content, gzipBest)
	if err != nil {
		return out, err
	}
	if len(gz) < limit {
		out.gzip = gz
	}
	if b.measure {
		return out, nil
	}
	br, err := cached(cache, kind, content, encode)
	if len(br) < limit {
		out.brotli = br
	}
	return out, err
}

// cached returns encode(content), from the cache if it is there.
func cached(cache, kind string, content []byte, encode func([]byte) ([]byte, error)) ([]byte, error) {
	sum := sha256.Sum256(content)
	file := filepath.Join(cache, hex.EncodeToString(sum[:])+"."+kind)
	if known, err := os.ReadFile(file); err == nil {
		return known, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	encoded, err := encode(content)
	if err != nil {
		return nil, err
	}
	return encoded, writeAtomic(file, encoded)
}

// writeAtomic writes a file under a temporary name and renames it, so that a build
// that was stopped leaves no half-written entry behind.
func writeAtomic(file string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails after the rename, as it should
	_, err = temp.Write(content)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), file)
}

// gzipBest is gzip -9 without name and time.
func gzipBest(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	err = errors.Join(err, w.Close()) // before out is read: Close writes the rest
	return out.Bytes(), err
}

// longModel is the size from which a model file is not compressed at brotli's best
// level: that takes about three seconds for each megabyte and, on the float32 weights
// that files of this size hold, saves one percent more than level 9 does in a
// twentieth of the time.
const longModel = 6 << 20

// brotliBest is brotli at its best level.
func brotliBest(content []byte) ([]byte, error) { return brotliLevel(content, 11) }

// brotliFast is brotli at the highest level that is fast.
func brotliFast(content []byte) ([]byte, error) { return brotliLevel(content, 9) }

// brotliLevel compresses with the largest window that browsers accept.
func brotliLevel(content []byte, level int) ([]byte, error) {
	var out bytes.Buffer
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: level, LGWin: 24})
	_, err := w.Write(content)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}
