package model

import (
	"bytes"
	"errors"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/op"
	"larder/model/pass"
	"larder/model/plan"
	"larder/model/tensor"
)

// Options steers Load. The zero Options is ready to use.
type Options struct {
	// Registry holds the operators that may be used; nil means op.All().
	Registry *op.Registry
	// Engine runs the model; nil means engine.Reference.
	Engine engine.Engine
	// MaxBytes bounds the file; 0 means 1 GiB.
	MaxBytes int
	// MaxRunBytes bounds the values that are alive at one time in a run,
	// without the weights; 0 means 2 GiB. It counts only if Engine is nil.
	MaxRunBytes int64
	// External opens weights that lie beside the model; see
	// onnx.Options.External. If nil, such models are refused.
	External func(location string) (onnx.Source, error)
}

// Load is Open for a file in memory, which must not change while the Session is
// in use. Every error is an *Error.
func Load(data []byte, opt Options) (*Session, error) { return Open(bytes.NewReader(data), opt) }

// Open checks and prepares an ONNX file, or a compiled one, that is read in pieces. Its weights go
// from there to where the engine wants them, none of them kept on the way; src is
// read again when a run with inputs of other shapes needs them in another form.
// Every error is an *Error.
func Open(src onnx.Source, opt Options) (_ *Session, err error) {
	defer unreadable(&err)
	if opt.Registry == nil {
		opt.Registry = op.All()
	}
	if opt.Engine == nil {
		opt.Engine = engine.Reference{MaxBytes: opt.MaxRunBytes}
	}
	m, err := onnx.Open(src, onnx.Options{External: opt.External, MaxBytes: opt.MaxBytes, Unpack: plan.Unpack})
	if err != nil {
		return nil, explain(err, InvalidModel)
	}
	compiled, err := m.Compiled()
	if err != nil {
		return nil, explain(err, InvalidModel)
	}
	g, err := graph.Build(m, opt.Registry)
	if err != nil {
		return nil, explain(err, InvalidModel)
	}
	if !compiled {
		if err := pass.Run(g, pass.All); err != nil {
			return nil, explain(err, InvalidModel)
		}
	}
	facts, err := graph.Infer(g, graph.InferOptions{})
	if err != nil {
		return nil, explain(err, InvalidModel)
	}
	program, err := opt.Engine.Prepare(g)
	if err != nil {
		return nil, explain(err, InvalidModel)
	}
	return newSession(m, g, facts, program), nil
}

// unreadable turns the panic of a deferred tensor whose elements cannot be read
// into an error.
func unreadable(err *error) {
	p := recover()
	if p == nil {
		return
	}
	e, ok := p.(error)
	if le := (*tensor.LoadError)(nil); !ok || !errors.As(e, &le) {
		panic(p)
	}
	*err = explain(e, InvalidModel)
}
