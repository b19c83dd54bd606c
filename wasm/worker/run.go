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
	s.host.Stir()
	defer s.free(p.Inputs)
	in := make(map[string]*tensor.Tensor, len(p.Inputs))
	for name, t := range p.Inputs {
		if in[name], err = s.value(t); err != nil {
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

// free gives the inputs of a run back when it is over.
func (s *server) free(list map[string]message.Tensor) {
	for _, t := range list {
		s.freeTensor(t)
	}
}

func (s *server) freeTensor(t message.Tensor) {
	for _, item := range t.Items {
		s.freeTensor(item)
	}
	s.host.Free(t.Data)
}

// tensors makes a reply of named tensors. Their arrays are new, so they are given
// to the page instead of copied once more.
func (s *server) tensors(list map[string]*tensor.Tensor) (named map[string]message.Tensor, give []any, err error) {
	named = make(map[string]message.Tensor, len(list))
	for name, t := range list {
		m, err := s.message(t)
		if err != nil {
			return nil, nil, err
		}
		if m.Data != nil && t.DType() != tensor.String {
			give = append(give, m.Data)
		}
		named[name] = m
	}
	return named, give, nil
}

// value makes a value of a message: sequences, optionals and maps of their items.
// The depth of a message is bounded.
func (s *server) value(t message.Tensor) (*tensor.Tensor, error) {
	var items []*tensor.Tensor
	for _, m := range t.Items {
		item, err := s.value(m)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	switch t.Type {
	case message.TypeSequence:
		return tensor.SequenceOf(items...), nil
	case message.TypeOptional:
		return tensor.OptionalOf(append(items, nil)[0]), nil
	case message.TypeMap:
		return tensor.MapOf(items[0], items[1])
	}
	return s.host.Tensor(t)
}

// message is the reverse of value.
func (s *server) message(t *tensor.Tensor) (message.Tensor, error) {
	if t.DType().Composite() {
		m := message.Tensor{Type: t.DType().String()}
		for _, item := range t.Items() {
			one, err := s.message(item)
			if err != nil {
				return m, err
			}
			m.Items = append(m.Items, one)
		}
		return m, nil
	}
	data, err := s.host.Data(t)
	return message.Tensor{Dims: t.Shape(), Type: t.DType().String(), Data: data}, err
}
