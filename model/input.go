package model

import (
	"fmt"

	"larder/model/pre"
	"larder/model/tensor"
)

// Input is what a Classifier can be asked about: a [Picture], a [Text] or
// [Fields]. Which one it takes says the manifest.
type Input interface {
	tensors(c *Classifier) (map[string]*tensor.Tensor, error)
}

// Picture is a picture in memory.
type Picture struct{ *pre.Image }

func (p Picture) tensors(c *Classifier) (map[string]*tensor.Tensor, error) {
	if c.image == nil {
		return nil, c.wrongKind("a picture")
	}
	t, err := pre.Preprocess(p.Image, c.image)
	if err != nil {
		return nil, err
	}
	return map[string]*tensor.Tensor{c.inputs[0].Name: t}, nil
}

// wrongKind is the error of an input of another kind than the model takes.
func (c *Classifier) wrongKind(got string) error {
	want := "a tensor"
	switch {
	case c.image != nil:
		want = "a picture"
	case c.text != nil:
		want = "a text"
	case len(c.inputs[0].Features) > 0:
		want = "named numbers"
	}
	return &Error{Code: UnsupportedInput, Detail: fmt.Sprintf("the model takes %s, not %s", want, got)}
}
