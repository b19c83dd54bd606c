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
	ctx, profile := s.watched(s.host.Breathe(ctx), p.Profile)
	out, err := h.model.session.Run(ctx, in)
	if err != nil {
		return result{}, err
	}
	named, give, err := s.tensors(out)
	return result{tree: message.Computed{Outputs: named, Profile: profile.message()}.Encode(), give: give}, err
}

// tensors makes a reply of named tensors. Their arrays are new, so they are given
// to the page instead of copied once more.
func (s *server) tensors(list map[string]*tensor.Tensor) (named map[string]message.Tensor, give []any, err error) {
	named = make(map[string]message.Tensor, len(list))
	for name, t := range list {
		data, err := s.host.Data(t)
		if err != nil {
			return nil, nil, err
		}
		if t.DType() != tensor.String {
			give = append(give, data)
		}
		named[name] = message.Tensor{Dims: t.Shape(), Type: t.DType().String(), Data: data}
	}
	return named, give, nil
}
