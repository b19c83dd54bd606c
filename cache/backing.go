package cache

import (
	"context"
	"time"

	"larder/cache/store"
)

// Backing is where a [Data] keeps values beyond its own memory. Its methods may be called
// by several goroutines, but writes and deletions by one at a time. Writing the same
// again must be harmless: after an error nobody knows whether it was done.
type Backing interface {
	// Read returns what is kept under a key and when it was written; nil data for
	// nothing. What cannot be trusted any more is as good as nothing.
	Read(ctx context.Context, key string) (data []byte, written time.Time, err error)
	// Write keeps data under a key. It is durable as far as the backing is.
	Write(ctx context.Context, key string, data []byte, written time.Time) error
	// Delete forgets a key. It is no error if there is nothing.
	Delete(ctx context.Context, key string) error
}

// Documents returns a Backing of a store's documents whose keys begin with prefix. Every
// document carries its SHA-256; one that rotted counts as not there.
func Documents(s store.Store, prefix string) Backing { return documents{s, prefix} }

type documents struct {
	store  store.Store
	prefix string
}

func (d documents) Read(ctx context.Context, key string) ([]byte, time.Time, error) {
	doc, err := d.store.Document(ctx, d.prefix+key)
	if store.CodeOf(err) == store.NotFound || store.CodeOf(err) == store.Corrupt {
		return nil, time.Time{}, nil
	}
	if err != nil || doc.ETag != digest(doc.Data).String() {
		return nil, time.Time{}, err
	}
	if doc.Data == nil {
		doc.Data = []byte{}
	}
	return doc.Data, doc.CheckedAt, nil
}

func (d documents) Write(ctx context.Context, key string, data []byte, written time.Time) error {
	return d.store.PutDocument(ctx, store.Document{Key: d.prefix + key, Data: data, ETag: digest(data).String(), CheckedAt: written})
}

func (d documents) Delete(ctx context.Context, key string) error {
	return d.store.RemoveDocument(ctx, d.prefix+key)
}
