package main

import (
	"context"

	"larder/model"
	"larder/wasm/message"
)

// Names of the texts in an input that is a pair.
const (
	firstText  = "text"
	secondText = "pair"
)

// input makes what a model is asked about from what was given to predict: a text,
// {text, pair}, an object of numbers by name, or whatever shows a picture.
func (s *server) input(ctx context.Context, given any) (model.Input, error) {
	switch v := given.(type) {
	case string:
		return model.Text{v}, nil
	case map[string]any:
		if _, ok := v[firstText]; ok {
			return textPair(v)
		}
		row := make(model.Fields, len(v))
		for name, x := range v {
			n, ok := x.(float64)
			if !ok {
				return nil, fault(message.CodeInvalidInput, "field %q is no number", name)
			}
			row[name] = n
		}
		return row, nil
	}
	img, err := s.host.Picture(ctx, given)
	return model.Picture{Image: img}, err
}

// textPair reads {text, pair}; pair may be absent.
func textPair(v map[string]any) (model.Input, error) {
	var texts model.Text
	for _, name := range []string{firstText, secondText} {
		x, ok := v[name]
		if !ok {
			continue
		}
		t, ok := x.(string)
		if !ok {
			return nil, fault(message.CodeInvalidInput, "%s: is no string", name)
		}
		texts = append(texts, t)
	}
	if len(texts) != len(v) {
		return nil, fault(message.CodeInvalidInput, "a text has the fields %q and %q and no other", firstText, secondText)
	}
	return texts, nil
}
