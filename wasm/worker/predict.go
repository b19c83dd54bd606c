package main

import (
	"context"
	"time"

	"larder/model"
	"larder/wasm/message"
)

func (s *server) predict(ctx context.Context, c call) (result, error) {
	p, h, err := s.asked(c)
	if err != nil {
		return result{}, err
	}
	key, known, input, memo, err := s.question(ctx, p, h.model)
	if err != nil {
		return result{}, err
	}
	if memo {
		if out, ok := s.recall(c, p, key, known, h); ok {
			out.free = input
			return out, nil
		}
	}
	if p.Input == nil {
		return result{}, nil // the page has what it called so
	}
	s.host.Stir()
	in, err := s.input(ctx, input)
	if err != nil {
		return result{}, err
	}
	decoded := s.now()
	ctx, profile := s.watched(ctx, p.Profile)
	answer, err := s.classify(ctx, h.model.classifier, in)
	if err != nil {
		return result{}, err
	}
	out := message.Prediction{Label: answer.Label, Unknown: answer.Unknown, Source: message.SourceModel, Model: s.current(h), Profile: profile.message(), Known: known}
	for _, class := range answer.Classes {
		out.Classes = append(out.Classes, message.Class(class))
	}
	out.Timing = message.Timing{
		Decode:      milliseconds(decoded.Sub(c.arrived)),
		Preprocess:  milliseconds(answer.Timing.Preprocess),
		Infer:       milliseconds(answer.Timing.Infer),
		Postprocess: milliseconds(answer.Timing.Postprocess),
		Total:       milliseconds(s.now().Sub(c.arrived)),
	}
	tree := out.Encode()
	if memo {
		s.remember(key, &out, tree)
	}
	return result{tree: tree, free: input}, nil
}

// asked reads the request and finds the model that it means.
func (s *server) asked(c call) (message.Input, *handle, error) {
	p, err := message.DecodeInput(c.params)
	if err != nil {
		return p, nil, err
	}
	h, err := s.handles.Get(p.Handle)
	if err == nil && h.model.classifier == nil {
		err = fault(message.CodeUnsupportedInput, "this model has no labels, so it cannot predict; use run")
	}
	return p, h, err
}

// classify waits for its turn to compute.
func (s *server) classify(ctx context.Context, m *model.Classifier, in model.Input) (model.Answer, error) {
	leave, err := s.turn.Enter(ctx)
	if err != nil {
		return model.Answer{}, err
	}
	defer leave()
	return m.Classify(s.host.Breathe(ctx), in)
}

// preprocess returns what predict would feed to the model, in the form that run
// takes.
func (s *server) preprocess(ctx context.Context, c call) (result, error) {
	p, h, err := s.asked(c)
	if err != nil {
		return result{}, err
	}
	in, err := s.input(ctx, p.Input)
	if err != nil {
		return result{}, err
	}
	tensors, err := h.model.classifier.Preprocess(in)
	if err != nil {
		return result{}, err
	}
	named, give, err := s.tensors(tensors)
	return result{tree: message.EncodeTensors(named), give: give}, err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
