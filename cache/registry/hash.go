package registry

import (
	"context"

	"larder/sha256"
)

// GoHasher hashes in Go. The zero value is ready to use.
type GoHasher struct{}

// Sum implements [Hasher].
func (GoHasher) Sum(ctx context.Context, b Blob) (Digest, error) {
	if err := ctx.Err(); err != nil {
		return Digest{}, &Error{Code: Aborted, Op: "hash", Err: err}
	}
	data, err := b.Bytes()
	if err != nil {
		return Digest{}, &Error{Code: Internal, Op: "hash", Err: err}
	}
	return sha256.Sum256(data), nil
}
