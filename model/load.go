package model

import (
	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/op"
	"larder/model/pass"
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
	// External reads weights that lie beside the model; see
	// onnx.Options.External. If nil, such models are refused.
	External func(location string, offset, length int64) ([]byte, error)
}

// Load decodes, checks and prepares an ONNX file. Nothing of data is kept: the
// weights are copied once. Every error is an *Error.
func Load(data []byte, opt Options) (*Session, error) {
	if opt.Registry == nil {
		opt.Registry = op.All()
	}
	if opt.Engine == nil {
		opt.Engine = engine.Reference{MaxBytes: opt.MaxRunBytes}
	}
	m, err := onnx.Decode(data, onnx.Options{External: opt.External, MaxBytes: opt.MaxBytes})
	if err != nil {
		return nil, explain(err, InvalidModel)
	}
	g, err := graph.Build(m, opt.Registry)
	if err != nil {
		return nil, explain(err, InvalidModel)
	}
	if err := pass.Run(g, pass.All); err != nil {
		return nil, explain(err, InvalidModel)
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
