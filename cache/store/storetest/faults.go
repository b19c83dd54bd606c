package storetest

import (
	"context"

	"larder/cache/store"
)

// Faults is a Store that asks Before ahead of each call that writes, and fails with
// its error instead of making the call. op is "put", "delete", "commit", "touch",
// "remove", "sweep", "compact" or "document".
type Faults struct {
	store.Store
	Before func(op string) error
}

// PutChunks implements store.Store.
func (f *Faults) PutChunks(ctx context.Context, chunks []store.Chunk) error {
	if err := f.Before("put"); err != nil {
		return err
	}
	return f.Store.PutChunks(ctx, chunks)
}

// DeleteChunks implements store.Store.
func (f *Faults) DeleteChunks(ctx context.Context, digests []store.Digest) error {
	if err := f.Before("delete"); err != nil {
		return err
	}
	return f.Store.DeleteChunks(ctx, digests)
}

// Commit implements store.Store.
func (f *Faults) Commit(ctx context.Context, r store.Record, p ...store.Pointer) error {
	if err := f.Before("commit"); err != nil {
		return err
	}
	return f.Store.Commit(ctx, r, p...)
}

// Touch implements store.Store.
func (f *Faults) Touch(ctx context.Context, name, version string, patch store.Patch) error {
	if err := f.Before("touch"); err != nil {
		return err
	}
	return f.Store.Touch(ctx, name, version, patch)
}

// Remove implements store.Store.
func (f *Faults) Remove(ctx context.Context, name, version string) error {
	if err := f.Before("remove"); err != nil {
		return err
	}
	return f.Store.Remove(ctx, name, version)
}

// Sweep implements store.Store.
func (f *Faults) Sweep(ctx context.Context, keep func(store.Digest) bool) (int, error) {
	if err := f.Before("sweep"); err != nil {
		return 0, err
	}
	return f.Store.Sweep(ctx, keep)
}

// PutDocument implements store.Store.
func (f *Faults) PutDocument(ctx context.Context, d store.Document) error {
	if err := f.Before("document"); err != nil {
		return err
	}
	return f.Store.PutDocument(ctx, d)
}

// RemoveDocument implements store.Store.
func (f *Faults) RemoveDocument(ctx context.Context, key string) error {
	if err := f.Before("document"); err != nil {
		return err
	}
	return f.Store.RemoveDocument(ctx, key)
}

// Compact implements store.Store.
func (f *Faults) Compact(ctx context.Context) (int, error) {
	if err := f.Before("compact"); err != nil {
		return 0, err
	}
	return f.Store.Compact(ctx)
}
