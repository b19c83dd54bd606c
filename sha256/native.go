//go:build !js

package sha256

import (
	"crypto/sha256"
	"hash"
)

// New returns the hash of what is written to it.
func New() hash.Hash { return sha256.New() }

// Sum256 returns the digest of data.
func Sum256(data []byte) [Size]byte { return sha256.Sum256(data) }
