package store

import (
	"encoding/hex"
	"fmt"
)

// Digest is the SHA-256 of a chunk, and its address.
type Digest [32]byte

// String returns the digest in lower-case hexadecimal, 64 characters.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads 64 hexadecimal characters in lower case, the only spelling
// that manifests and stores use.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != hex.EncodedLen(len(d)) {
		return Digest{}, fmt.Errorf("store: digest has %d characters, not 64", len(s))
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return Digest{}, fmt.Errorf("store: digest %q is not lower-case hexadecimal", s)
		}
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("store: digest %q: %w", s, err)
	}
	return d, nil
}
