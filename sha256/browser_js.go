package sha256

import "hash"

// New returns the hash of what is written to it.
func New() hash.Hash {
	d := &digest{}
	d.Reset()
	return d
}

// Sum256 returns the digest of data.
func Sum256(data []byte) [Size]byte {
	d := &digest{}
	d.Reset()
	d.Write(data)
	return d.sum()
}
