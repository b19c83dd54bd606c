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
	return sum, copyDigest(&sum, digest)
}

var errNoWebCrypto = errors.New("bridge: digest: no WebCrypto")

// SHA256All returns the SHA-256 of each of some Uint8Arrays. The host hashes them side by
// side on threads of its own, and Go is told once. It needs WebCrypto.
func SHA256All(ctx context.Context, arrays []safejs.Value) ([][sha256.Size]byte, error) {
	sums := make([][sha256.Size]byte, len(arrays))
	subtle, err := class("crypto").Get("subtle")
	if err != nil || kindOf(subtle) != safejs.TypeObject {
		return nil, errNoWebCrypto
	}
	promises := make([]any, len(arrays))
	for i, array := range arrays {
		if promises[i], err = subtle.Call("digest", "SHA-256", array); err != nil {
			return nil, wrap("digest", err)
		}
	}
	digests, err := call(ctx, "digest", class("Promise"), "all", promises)
	for i := range sums {
		var one safejs.Value
		if err == nil {
			one, err = digests.Index(i)
		}
		if err == nil {
			err = copyDigest(&sums[i], one)
		}
	}
	return sums, err
}

// copyDigest copies an ArrayBuffer with a digest, which costs a tenth of finding out what
// has bytes.
func copyDigest(sum *[sha256.Size]byte, digest safejs.Value) error {
	array, err := class("Uint8Array").New(digest)
	if err == nil {
		err = copyBytes("digest", sum[:], array)
	}
	return wrap("digest", err)
}
