//go:build js

package bridge

import (
	"context"

	"github.com/hack-pad/safejs"
)

// Estimate returns how many bytes the origin stores, and how many it may; both are 0
// where the host does not say.
func Estimate(ctx context.Context) (used, quota int64, err error) {
	storage, err := class("navigator").Get("storage")
	if err != nil || kindOf(storage) != safejs.TypeObject {
		return 0, 0, err
	}
	v, err := call(ctx, "estimate", storage, "estimate")
	if err != nil {
		return 0, 0, err
	}
	return int64(integer(v, "usage")), int64(integer(v, "quota")), nil
}

// NewHostBlob returns a Blob of the host with a copy of buffers, views and Blobs, one
// after the other.
func NewHostBlob(parts ...any) (safejs.Value, error) {
	v, err := class("Blob").New(parts)
	return v, wrap("blob", err)
}

// Stream reads a Blob of the host from its beginning.
func Stream(blob safejs.Value) (*Body, error) {
	stream, err := blob.Call("stream")
	if err != nil {
		return nil, wrap("read", err)
	}
	reader, err := stream.Call("getReader")
	return &Body{reader: reader, stop: func() {}}, wrap("read", err)
}
