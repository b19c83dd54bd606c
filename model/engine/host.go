package engine

import (
	"context"

	"larder/model/tensor"
)

// Host makes linear memories with kernels that work in them. There is one for
// each place where Larder runs: native (wazero), browsers and workerd.
type Host interface {
	// Open returns a memory of at least the given size, all zeros.
	Open(bytes int) (Memory, error)
	// Threads is the number of threads that run a segment, at least 1. Plans are
	// made for it.
	Threads() int
}

// Memory is one linear memory, owned by one program. Addresses and sizes are in
// bytes, and multiples of 4 but for nothing. Its methods are not called at the
// same time.
type Memory interface {
	// Grow makes the memory at least as large as given. What is in it stays;
	// what is new is zeros.
	Grow(bytes int) error
	// Write copies floats to an address. The slice is not kept.
	Write(at int, from []float32) error
	// WriteWords copies 32-bit words to an address.
	WriteWords(at int, from []uint32) error
	// Read copies floats from an address.
	Read(at int, to []float32) error
	// Run runs the kernel steps that lie between two addresses. It returns
	// ctx.Err() if ctx ends before the work does and the host can notice; the
	// program looks between calls anyway, and keeps them short.
	Run(ctx context.Context, from, to int) error
	// Close gives the memory back. No other call follows.
	Close()
}

// sourceWriter is a Memory that can take some deferred floats from where they are.
type sourceWriter interface {
	// WriteSource copies all elements of a source to an address; ok is false if it
	// is no source of this host.
	WriteSource(at int, from tensor.Source) (ok bool, err error)
}
