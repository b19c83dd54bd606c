package main

import (
	"context"
	"time"

	"larder/model"
	"larder/wasm/message"
)

func (s *server) predict(ctx context.Context, c call) (result, error) {
	p, h, in, err := s.asked(ctx, c)
	if err != nil {
		return result{}, err
	}
	decoded := s.now()
	ctx, profile := s.watched(ctx, p.Profile)
	answer, err := s.classify(ctx, h.model.classifier, in)
	if err != nil {
		return result{}, err
	}
	out := message.Prediction{Label: answer.Label, Unknown: answer.Unknown, Model: s.age(h.version), Profile: profile.message()}
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
	return result{tree: out.Encode()}, nil
}

// asked reads the request, finds the model that it means and decodes its input.
func (s *server) asked(ctx context.Context, c call) (message.Input, *handle, model.Input, error) {
	p, err := message.DecodeInput(c.params)
	if err != nil {
		return p, nil, nil, err
	}
	h, err := s.handles.Get(p.Handle)
	if err != nil {
		return p, nil, nil, err
	}
	if h.model.classifier == nil {
		return p, nil, nil, fault(message.CodeUnsupportedInput, "this model has no labels, so it cannot predict; use run")
	}
	in, err := s.input(ctx, p.Input)
	return p, h, in, err
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
	_, h, in, err := s.asked(ctx, c)
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
