package main

import "context"

// bucket is what the control plane needs of an object store. Keys are the
// registry's paths, such as "models/index.json".
type bucket interface {
	// get returns the object's bytes, or nil if there is none. Objects longer
	// than limit are an error.
	get(ctx context.Context, key string, limit int64) ([]byte, error)
	// size returns the object's length, or -1 if there is none.
	size(ctx context.Context, key string) (int64, error)
	// put stores the object whole.
	put(ctx context.Context, key string, data []byte, contentType string) error
}
