//go:build js

package bridge

import (
	"context"
	"errors"

	"github.com/hack-pad/safejs"

	"larder/sha256"
)

// SHA256 returns the SHA-256 of a Uint8Array by WebCrypto, which is ten times as
// fast as Go compiled to WebAssembly and needs no copy.
//
// A page that does not come from a secure context (plain HTTP from another
// machine) has no WebCrypto: Go computes it there.
func SHA256(ctx context.Context, array safejs.Value) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	subtle, err := class("crypto").Get("subtle")
	if err != nil || kindOf(subtle) != safejs.TypeObject {
		b, err := Bytes(array)
		if err != nil {
			return sum, err
		}
		return sha256.Sum256(b), ctx.Err()
	}
	digest, err := call(ctx, "digest", subtle, "digest", "SHA-256", array)
	if err != nil {
		return sum, err
	}
	b, err := Bytes(digest)
	if err != nil {
		return sum, err
	}
	if copy(sum[:], b) != len(sum) || len(b) != len(sum) {
		return sum, errors.New("bridge: digest: not 32 bytes")
	}
	return sum, nil
}
