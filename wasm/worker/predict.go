package main

import (
	"context"
	"time"

	"larder/model"
	"larder/model/pre"
	"larder/model/tensor"
	"larder/wasm/message"
)

func (s *server) predict(ctx context.Context, c call) (result, error) {
	in, h, img, err := s.picture(ctx, c)
	if err != nil {
		return result{}, err
	}
	decoded := s.now()
	ctx, profile := s.watched(ctx, in.Profile)
	answer, err := s.classify(ctx, h.model.classifier, img)
	if err != nil {
		return result{}, err
	}
	p := message.Prediction{Label: answer.Label, Unknown: answer.Unknown, Model: s.age(h.version), Profile: profile.message()}
	for _, class := range answer.Classes {
		p.Classes = append(p.Classes, message.Class(class))
	}
	p.Timing = message.Timing{
		Decode:      milliseconds(decoded.Sub(c.arrived)),
		Preprocess:  milliseconds(answer.Timing.Preprocess),
		Infer:       milliseconds(answer.Timing.Infer),
		Postprocess: milliseconds(answer.Timing.Postprocess),
		Total:       milliseconds(s.now().Sub(c.arrived)),
	}
	return result{tree: p.Encode()}, nil
}

// picture reads the request, finds the model that it means and decodes its picture.
func (s *server) picture(ctx context.Context, c call) (message.Input, *handle, *pre.Image, error) {
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
	img, err := s.host.Picture(ctx, p.Input)
	return p, h, img, err
}

// classify waits for its turn to compute.
func (s *server) classify(ctx context.Context, m *model.Classifier, img *pre.Image) (model.Answer, error) {
	leave, err := s.turn.Enter(ctx)
	if err != nil {
		return model.Answer{}, err
	}
	defer leave()
	return m.Classify(s.host.Breathe(ctx), img)
}

// preprocess returns what predict would feed to the model, in the form that run
// takes.
func (s *server) preprocess(ctx context.Context, c call) (result, error) {
	_, h, img, err := s.picture(ctx, c)
	if err != nil {
		return result{}, err
	}
	t, err := h.model.classifier.Preprocess(img)
	if err != nil {
		return result{}, err
	}
	named, give, err := s.tensors(map[string]*tensor.Tensor{h.model.manifest.Inputs[0].Name: t})
	return result{tree: message.EncodeTensors(named), give: give}, err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
