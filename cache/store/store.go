package store

import "context"

// Store is what a backend implements. All methods may be called from any number
// of goroutines, and from several processes or tabs on the same database, at once.
// Every method returns nil or an *[Error], Aborted if the context ended before the
// operation did; after Close each returns Closed.
//
// The slices that go in belong to the caller again on return; the store copies what
// it keeps. A Blob never changes, so a store may keep it. What comes out belongs to
// the caller, blobs excepted, which nobody may change.
type Store interface {
	// PutChunks stores chunks, in one transaction or several. It is idempotent: a
	// chunk that is there is replaced, which heals a corrupt one. The store does not
	// hash; the caller has verified each chunk. On an error some chunks may be
	// stored. A chunk needs not survive a loss of power until a Commit that names it.
	//
	// Errors: Quota, Invalid (empty or beyond MaxChunk).
	PutChunks(ctx context.Context, chunks []Chunk) error

	// Chunks reads chunks. The result has one Blob for each digest, in order, nil
	// where the chunk is missing; that is no error. The bytes are not verified.
	Chunks(ctx context.Context, digests []Digest) ([]Blob, error)

	// Missing returns those of the digests that are not stored, in order, each once.
	Missing(ctx context.Context, digests []Digest) ([]Digest, error)

	// DeleteChunks removes chunks, referenced or not; the way to throw away a corrupt
	// one. Deleting what is not there is no error.
	DeleteChunks(ctx context.Context, digests []Digest) error

	// Commit makes a version visible: in one transaction it checks that every chunk
	// of the record is stored, writes the record (replacing one of the same name and
	// version) and points all of p at it. Name and Version of each must be the record's.
	// It is durable when it returns. Rolling back is a Commit of an older record. The Hits
	// of a record that is replaced stay; those of r do not count, and a new one has none.
	// Errors: Incomplete (nothing was changed), Quota, Invalid.
	Commit(ctx context.Context, r Record, p ...Pointer) error

	// Touch patches a record and, if the patch names a selector, its pointer, in one
	// transaction, so that hits that several add at once all count. After an error
	// nothing has changed, and it may be called again. Errors: NotFound.
	Touch(ctx context.Context, name, version string, patch Patch) error

	// Snapshot reads all records and pointers in one transaction.
	// A record that cannot be decoded is left out, with the pointers that lead to it:
	// the version counts as not stored and is fetched again.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Remove deletes a record and the pointers that lead to it, in one transaction.
	// Its chunks stay until Sweep. Removing what is not there is no error.
	Remove(ctx context.Context, name, version string) error

	// Sweep deletes every chunk that no record names and keep does not claim, and
	// returns how many. Records are read and chunks are deleted in one transaction, so
	// that a Commit elsewhere comes before it, and protects its chunks, or after it,
	// and finds them missing. keep may be nil; it is called on arbitrary goroutines,
	// must not block and must not call the store.
	Sweep(ctx context.Context, keep func(Digest) bool) (int, error)

	// Compact brings stored bytes into the form that is read fastest and takes the least
	// room: a backend that packs chunks into larger records packs those that arrived one
	// by one, in the order of the records that name them, and packs anew what deletions
	// have left half empty. It works in small transactions and may be ended by ctx at any
	// time; what the store holds never changes by it. It returns how many chunks moved.
	Compact(ctx context.Context) (int, error)

	// Document reads a document. Errors: NotFound.
	Document(ctx context.Context, key string) (Document, error)

	// PutDocument writes a document. Errors: Quota, Invalid.
	PutDocument(ctx context.Context, d Document) error

	// Documents reads all documents whose key begins with prefix, ordered by key.
	Documents(ctx context.Context, prefix string) ([]Document, error)

	// RemoveDocument deletes a document. Removing what is not there is no error.
	RemoveDocument(ctx context.Context, key string) error

	// Usage measures the store.
	Usage(ctx context.Context) (Usage, error)

	// Close releases the database. Calls under way may fail with Closed. Closing twice
	// is no error.
	Close() error
}
