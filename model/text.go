package model

import (
	"fmt"

	"larder/model/pack"
	"larder/model/pre/token"
	"larder/model/tensor"
)

// tokenizer reads the tokenizer of a model of text.
func tokenizer(m *pack.Manifest, t *pack.Text, opt ClassifierOptions) (*token.Tokenizer, error) {
	if opt.File == nil {
		return nil, mismatch(m, "the tokenizer %q is not at hand", t.Tokenizer)
	}
	data, err := opt.File(t.Tokenizer)
	if err != nil {
		return nil, err
	}
	made, err := token.Read(data, token.Options{Form: opt.Form, MaxTokens: t.MaxTokens})
	if err != nil {
		return nil, &Error{Code: InvalidModel, Detail: fmt.Sprintf("%s of %s %s: %v", t.Tokenizer, m.Name, m.Version, err), Err: err}
	}
	return made, nil
}

// Text is a text, or a pair of texts for a model that compares two.
type Text []string

// tensors returns [1, tokens] for each part of an encoding that the model takes.
func (t Text) tensors(c *Classifier) (map[string]*tensor.Tensor, error) {
	switch {
	case c.text == nil:
		return nil, c.wrongKind("a text")
	case len(t) == 0:
		return nil, &Error{Code: InvalidInput, Detail: "there is no text"}
	}
	e, err := c.text.Encode(t[0], t[1:]...)
	if err != nil {
		return nil, &Error{Code: InvalidInput, Detail: err.Error(), Err: err}
	}
	if len(e.IDs) == 0 {
		return nil, &Error{Code: InvalidInput, Detail: "the text has nothing that the model could read"}
	}
	in := make(map[string]*tensor.Tensor, len(c.inputs))
	for i := range c.inputs {
		p := &c.inputs[i]
		v := e.IDs
		switch p.Text.Part {
		case pack.PartMask:
			v = e.Mask
		case pack.PartTypes:
			v = e.Types
		}
		if p.Type == "int32" {
			in[p.Name] = tensor.Must(tensor.Of(narrow(v), 1, len(v)))
		} else {
			in[p.Name] = tensor.Must(tensor.Of(v, 1, len(v)))
		}
	}
	return in, nil
}

func narrow(v []int64) []int32 {
	n := make([]int32, len(v))
	for i, x := range v {
		n[i] = int32(x)
	}
	return n
}
