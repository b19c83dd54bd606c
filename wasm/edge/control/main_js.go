package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/r2"
)

func main() {
	workers.Serve(newHandler(r2Bucket{}, func() string { return cloudflare.Getenv("CONTROL_TOKEN") }))
}

// r2Bucket is the R2 bucket bound as MODELS. The binding is looked up at each
// call because the library finds it in the request's context.
type r2Bucket struct{}

func (r2Bucket) get(_ context.Context, key string, limit int64) ([]byte, error) {
	b, err := r2.NewBucket("MODELS")
	if err != nil {
		return nil, err
	}
	o, err := b.Get(key)
	if err != nil || o == nil {
		return nil, err
	}
	if int64(o.Size) > limit {
		return nil, fmt.Errorf("%q has %d bytes, more than %d", key, o.Size, limit)
	}
	return io.ReadAll(o.Body)
}

func (r2Bucket) size(_ context.Context, key string) (int64, error) {
	b, err := r2.NewBucket("MODELS")
	if err != nil {
		return 0, err
	}
	o, err := b.Head(key)
	if err != nil {
		return 0, err
	}
	if o == nil {
		return -1, nil
	}
	return int64(o.Size), nil
}

func (r2Bucket) put(_ context.Context, key string, data []byte, contentType string) error {
	b, err := r2.NewBucket("MODELS")
	if err != nil {
		return err
	}
	opts := &r2.PutOptions{HTTPMetadata: r2.HTTPMetadata{ContentType: contentType}}
	_, err = b.Put(key, io.NopCloser(bytes.NewReader(data)), opts)
	return err
}
