package main

import (
	"context"

	"larder/model/tensor"
	"larder/wasm/message"
)

// run computes all outputs of a model from tensors.
func (s *server) run(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeRun(c.params)
	if err != nil {
		return result{}, err
	}
	h, err := s.handles.Get(p.Handle)
	if err != nil {
		return result{}, err
	}
	in := make(map[string]*tensor.Tensor, len(p.Inputs))
	for name, t := range p.Inputs {
		if in[name], err = s.host.Tensor(t); err != nil {
			return result{}, fault(message.CodeInvalidInput, "input %q: %v", name, err)
		}
	}
	leave, err := s.turn.Enter(ctx)
	if err != nil {
		return result{}, err
	}
	defer leave()
	out, err := h.model.session.Run(s.host.Breathe(ctx), in)
	if err != nil {
		return result{}, err
	}
	return s.tensors(out)
}

// tensors makes a reply of named tensors. Their arrays are new, so they are given
// to the page instead of copied once more.
func (s *server) tensors(list map[string]*tensor.Tensor) (result, error) {
	named := make(map[string]message.Tensor, len(list))
	var give []any
	for name, t := range list {
		data, err := s.host.Data(t)
		if err != nil {
			return result{}, err
		}
		if t.DType() != tensor.String {
			give = append(give, data)
		}
		named[name] = message.Tensor{Dims: t.Shape(), Type: t.DType().String(), Data: data}
	}
	return result{tree: message.EncodeTensors(named), give: give}, nil
}
