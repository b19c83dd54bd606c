package cache

import (
	"context"

	"larder/cache/registry"
	"larder/cache/store"
)

// Cache answers requests for models from memory, store and registry. Safe for
// concurrent use.
type Cache struct {
}

// New makes a Cache. It reads the store's records and collects garbage that an
// interrupted download or an old version left, so a broken store shows at once.
func New(ctx context.Context, opt Options) (*Cache, error) { return nil, errUnbuilt }

// Get returns a version of the model that satisfies selector: an exact version, an
// alias, "" or "latest", or a range ("^1", "~1.1", "2", "1.1").
//
// What is stored and fresh is returned without any request. What is stored and expired
// is revalidated first, and returned as Stale if the registry gives no usable answer.
// What is not stored is downloaded, verified and committed. progress, which may be nil,
// is called on arbitrary goroutines, never concurrently, and must not block.
//
// Concurrent calls for one model share one download; it ends early only when the
// contexts of all of them have ended, and what it verified by then is kept.
//
// The caller must Release the Entry.
func (c *Cache) Get(ctx context.Context, name, selector string, progress func(Progress)) (*Entry, error) {
	return nil, errUnbuilt
}

// Refresh asks the registry now, fresh or not, about everything that is stored of the
// model, and downloads what is new. It fails when the registry gives no answer, and
// what is stored stays as it was.
func (c *Cache) Refresh(ctx context.Context, name string, progress func(Progress)) ([]Info, error) {
	return nil, errUnbuilt
}

// List describes all stored versions, ordered by name and by falling version.
func (c *Cache) List(ctx context.Context) ([]Info, error) { return nil, errUnbuilt }

// Evict removes all versions of the model from memory and store. An Entry in use keeps
// working as far as its files were read; the next Get downloads again.
func (c *Cache) Evict(ctx context.Context, name string) error { return errUnbuilt }

// Stats returns the counters.
func (c *Cache) Stats(ctx context.Context) (Stats, error) { return Stats{}, errUnbuilt }

// Index returns the registry's index: by a conditional request, or as stored (stale is
// true) when the registry gives no answer.
func (c *Cache) Index(ctx context.Context) (ix *registry.Index, stale bool, err error) {
	return nil, false, errUnbuilt
}

// Subscribe calls fn for each event from now on, in order, on the goroutine where it
// happens; fn must not block or call the Cache. cancel ends it.
func (c *Cache) Subscribe(fn func(Event)) (cancel func()) { return func() {} }

// Close ends downloads and forgets everything in memory. The store stays open.
func (c *Cache) Close() error { return nil }

// Entry is a lease on a ready version. Its fields do not change. Safe for concurrent use.
type Entry struct {
	Name, Version string
	// Digest is the SHA-256 of the manifest.
	Digest store.Digest
	Source Source
	State
}

// Manifest returns the manifest's bytes as the registry sent them; do not change them.
func (e *Entry) Manifest() []byte { return nil }

// Files lists the version's files in the manifest's order.
func (e *Entry) Files() []FileInfo { return nil }

// File reads a needed file (role model, weights or labels) and verifies every chunk. A
// corrupt or missing chunk is fetched again, alone. Errors: NotFound (no such file, or not
// one that is stored), Corrupt (and the registry cannot be reached, or has other bytes).
func (e *Entry) File(ctx context.Context, path string, progress func(Progress)) (*File, error) {
	return nil, errUnbuilt
}

// Release ends the lease. Calling it more than once is no error. Files stay valid.
func (e *Entry) Release() {}

var errUnbuilt = &Error{Code: Internal, Op: "cache"}
