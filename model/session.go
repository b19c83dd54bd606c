package model

import (
	"context"
	"slices"
	"sync"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/tensor"
)

// Session is a model that is ready to run. Its methods may be called by several
// goroutines at once.
type Session struct {
	inputs, outputs []Port
	// fixed names declared inputs that are constants.
	fixed map[string]bool

	mu      sync.RWMutex // held for reading by Run, for writing by Close
	program engine.Program
}

func newSession(m *onnx.Model, g *graph.Graph, facts graph.Facts, program engine.Program) *Session {
	s := &Session{program: program, fixed: g.Fixed}
	for _, v := range g.Inputs {
		s.inputs = append(s.inputs, newPort(v, facts.Of(v)))
	}
	for i, v := range g.Outputs {
		p := newPort(v, facts.Of(v))
		p.Name, p.Optional = m.Graph.Outputs[i].Name, false
		s.outputs = append(s.outputs, p)
	}
	return s
}

// Inputs lists what Run takes, in file order.
func (s *Session) Inputs() []Port { return slices.Clone(s.inputs) }

// Outputs lists what Run returns, in file order.
func (s *Session) Outputs() []Port { return slices.Clone(s.outputs) }

// Run computes all outputs. It looks at ctx between the steps of the model and
// stops with an Aborted error. The inputs are not changed; an output may share
// elements with an input or a weight, so it must not be written to. Every error
// is an *Error.
func (s *Session) Run(ctx context.Context, in map[string]*tensor.Tensor) (_ map[string]*tensor.Tensor, err error) {
	defer unreadable(&err)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.program == nil {
		return nil, &Error{Code: Closed, Detail: "the model was closed"}
	}
	feeds, err := s.feeds(in)
	if err != nil {
		return nil, err
	}
	res, err := s.program.Run(ctx, feeds)
	if err != nil {
		return nil, explain(err, InvalidInput)
	}
	out := make(map[string]*tensor.Tensor, len(res))
	for i, t := range res {
		out[s.outputs[i].Name] = t
	}
	return out, nil
}

// Close gives the model's memory back after the runs in progress have ended.
// It may be called more than once.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.program != nil {
		s.program.Close()
		s.program = nil
	}
}
