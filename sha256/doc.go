// Package sha256 is SHA-256 for programs that also run in a browser. There
// crypto/sha256 brings FIPS 140 with all its other algorithms, their tables and their
// tests at start: more than ten times what hashing takes. So browsers get a plain
// implementation, and everything else what crypto/sha256 does with the processor's
// instructions. What is large is hashed by the browser itself.
package sha256

// Size is the length of a digest in bytes.
const Size = 32
