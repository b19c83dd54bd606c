package main

import (
	"context"

	"larder/cache"
	"larder/cache/registry"
	"larder/cache/store"
	"larder/model/engine"
	"larder/model/onnx"
	"larder/model/pre"
	"larder/model/tensor"
	"larder/wasm/message"
)

// release is the version of Larder that a page is told.
const release = "0.1.0"

// host is what the worker needs of JavaScript. Its methods may be called by
// several goroutines; none is called inside a callback of the host. An error is a
// *message.Error, that of the context, or one that toMessage knows.
type host interface {
	// Post sends a message to the page. The typed arrays in give are given away
	// instead of copied.
	Post(tree map[string]any, give []any)
	// Repeat makes the host give a reply by itself to who asks the same, until it ends or
	// Forget ends all of them. It may keep fewer than it is told, or none.
	Repeat(r repeat)
	// Forget ends all repeats.
	Forget()
	// Repeated returns how often which reply was given, each time since the last call.
	Repeated() []repeated
	// Shared returns who else has a handle because a repeated reply gave it away: how many
	// besides the first, by handle.
	Shared() map[int]int
	// Parts finds storage and network for a registry at an absolute address.
	Parts(ctx context.Context, models string) (parts, error)
	// Picture decodes what was given to predict.
	Picture(ctx context.Context, input any) (*pre.Image, error)
	// Digest names what was given to predict, where that can be told by its bytes: what kind
	// of thing it is, and their SHA-256. larder.js makes the same names. It returns what to
	// give to Picture in its place, so that a file is read once.
	Digest(ctx context.Context, input any) (name string, again any, ok bool, err error)
	// Form brings text into one of Unicode's normal forms; it is a token.Form.
	Form(form, text string) string
	// Source opens an ArrayBuffer, a view or a Blob for reading, and returns its
	// SHA-256; of a large Blob, which is read piece by piece, an empty one.
	Source(ctx context.Context, v any) (source, string, error)
	// Tensor makes a tensor of one of the page, whose data may stay where it is;
	// Data makes the page's data from one of ours.
	Tensor(t message.Tensor) (*tensor.Tensor, error)
	Data(t *tensor.Tensor) (any, error)
	// Free gives back at once what large data of the page takes: of a tensor, or what
	// Digest returned. What was made of it is not used any more.
	Free(data any)
	// Engine returns what runs models on so many threads, or on fewer.
	Engine(ctx context.Context, threads int) (machine, error)
	// Heed makes the contexts of Breathe look at a bell of the page's; nil for none.
	Heed(bell any)
	// NewFile begins a file that a page can keep.
	NewFile() file
	// Body reads an ArrayBuffer, a view or a Blob from its beginning.
	Body(ctx context.Context, v any) (registry.Body, error)
	// Stir tells the threads that there will be something to compute soon.
	Stir()
	// Breathe returns a context for a long computation, whose Err lets the host
	// deliver messages.
	Breathe(ctx context.Context) context.Context
}

// source is a file that a model is read from. It does not lie in Go's heap as a
// whole.
type source interface {
	onnx.Source
	// Attend makes reads from now on end with another context.
	Attend(ctx context.Context)
	// Close lets go of what is at hand; reading goes on after it.
	Close()
}

// file is a file of the host's that is being written.
type file interface {
	// Write appends; the bytes are free again when it returns.
	Write(b store.Blob) error
	// End returns what a page gets.
	End() (any, error)
}

// machine is what runs models, and what a page may know about it.
type machine struct {
	engine  engine.Engine
	name    string // one of the Engine constants of package message
	threads int
	reason  string // why not as many threads as asked for; empty if it is
}

// parts is what a cache is made of on this host.
type parts struct {
	options cache.Options
	storage string // one of the Storage constants of package message
	reason  string // why models are kept in memory only; empty otherwise
}
