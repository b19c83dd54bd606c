// Package bridge is the one wrapper of the JavaScript host: promises, fetch,
// WebCrypto, Web Locks, messages, typed arrays and the decoding of pictures.
//
// It speaks plain Go at its edge: contexts, errors, slices, and [Blob] for bytes
// that stay in the host's memory until somebody asks for a copy. It knows
// nothing of models, caches or the messages of Larder, and imports none of them:
// wasm/worker, wasm/edge and wasm/app put the pieces together.
//
// Every call into the host goes through safejs, so that an exception becomes an
// error of type [Error] instead of a panic. Callbacks that serve once release
// themselves.
//
// # Waiting
//
// The host has one thread. A Go function that waits for a promise must run on a
// goroutine of its own, never inside a callback from the host; [Listen] and the
// other takers of functions see to that. A goroutine that computes for long
// keeps the host from delivering messages: see [Breathe].
//
// All code but this comment is built for js only.
package bridge
