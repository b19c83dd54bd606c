package model

import (
	"context"
	"fmt"
	"time"

	"larder/model/pack"
	"larder/model/post"
	"larder/model/pre"
	"larder/model/pre/token"
	"larder/model/tensor"
)

// Classifier answers what a picture, a text or a row of a table shows: a Session
// with the preparation and the labels of its package. The browser, the edge and
// the command line all use this one. Its methods may be called by several
// goroutines at once.
type Classifier struct {
	// Now is the clock of the timings; set it before the first use. The default
	// is time.Now.
	Now func() time.Time

	session *Session
	inputs  []pack.Input
	image   *pre.ImageSpec   // nil if the input is no picture
	text    *token.Tokenizer // nil if the input is no text
	output  string
	spec    *post.ClassifierSpec
}

// Timing says how long the parts of an answer took.
type Timing struct {
	Preprocess, Infer, Postprocess time.Duration
}

// Answer is what a Classifier returns.
type Answer struct {
	post.Result
	// Inputs are the tensors that the model saw, Scores the output that the labels
	// belong to. They must not be written to.
	Inputs map[string]*tensor.Tensor
	Scores *tensor.Tensor
	Timing Timing
}

// ClassifierOptions bring what a manifest refers to.
type ClassifierOptions struct {
	// File returns a file of the package. Models of text need it.
	File func(path string) ([]byte, error)
	// Form brings Unicode's normal forms, which many tokenizers need.
	Form token.Form
}

// NewClassifier joins a loaded model with the manifest of its package. It
// returns an *Error of code InvalidModel if the two do not fit: the manifest's
// inputs or labelled output are not the model's, or have another size or type; or
// if the tokenizer cannot be used. The Session stays the caller's, who closes it.
func NewClassifier(s *Session, m *pack.Manifest, opt ClassifierOptions) (*Classifier, error) {
	c := &Classifier{Now: time.Now, session: s, inputs: m.Inputs}
	if err := c.prepare(m, opt); err != nil {
		return nil, err
	}
	if err := fitInputs(s.Inputs(), m); err != nil {
		return nil, err
	}
	for i := range m.Outputs {
		if out := &m.Outputs[i]; len(out.Labels) > 0 {
			if err := fitOutput(s.Outputs(), m, out); err != nil {
				return nil, err
			}
			c.output, c.spec = out.Name, classifierSpec(out)
			return c, nil
		}
	}
	return nil, mismatch(m, "no output has labels")
}

// prepare reads how an input is made.
func (c *Classifier) prepare(m *pack.Manifest, opt ClassifierOptions) (err error) {
	in := &m.Inputs[0]
	if in.Text != nil {
		c.text, err = tokenizer(m, in.Text, opt)
		return err
	}
	if len(m.Inputs) != 1 {
		return mismatch(m, "a classifier of anything but text has one input, the manifest lists %d", len(m.Inputs))
	}
	if in.Image != nil {
		c.image = imageSpec(in.Image)
		if err := c.image.Check(); err != nil {
			return mismatch(m, "input %q: %v", in.Name, err)
		}
	}
	return nil
}

// Preprocess returns the tensors that the model takes for an input, by name. It
// returns a *pre.ImageError for a picture that cannot be used, and an *Error of
// code InvalidInput for everything else that cannot; of code UnsupportedInput for
// an input of another kind than the model takes.
func (c *Classifier) Preprocess(in Input) (map[string]*tensor.Tensor, error) { return in.tensors(c) }

// Classify answers for an input. It returns what Preprocess and ClassifyTensors
// return.
func (c *Classifier) Classify(ctx context.Context, in Input) (Answer, error) {
	start := c.Now()
	x, err := c.Preprocess(in)
	if err != nil {
		return Answer{}, err
	}
	took := c.Now().Sub(start)
	a, err := c.ClassifyTensors(ctx, x)
	a.Timing.Preprocess = took
	return a, err
}

// ClassifyTensors answers for inputs that are prepared already, by name.
// It returns an *Error.
func (c *Classifier) ClassifyTensors(ctx context.Context, in map[string]*tensor.Tensor) (Answer, error) {
	start := c.Now()
	out, err := c.session.Run(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	ran := c.Now()
	a := Answer{Inputs: in, Scores: out[c.output]}
	a.Result, err = post.Classify(a.Scores, c.spec)
	if err != nil {
		return Answer{}, &Error{Code: InvalidModel, Detail: fmt.Sprintf("output %q: %v", c.output, err), Err: err}
	}
	a.Timing.Infer, a.Timing.Postprocess = ran.Sub(start), c.Now().Sub(ran)
	return a, nil
}

// imageSpec translates the manifest's preparation.
func imageSpec(im *pack.Image) *pre.ImageSpec {
	s := &pre.ImageSpec{Color: pre.Color(im.Color), Layout: pre.Layout(im.Layout)}
	r := im.Resize
	s.Resize = pre.Resize{Mode: pre.Mode(r.Mode), Width: r.Width, Height: r.Height, Size: r.Size, Filter: pre.Filter(r.Filter)}
	if im.Crop != nil {
		s.Crop = &pre.Crop{Width: im.Crop.Width, Height: im.Crop.Height}
	}
	s.Normalize = pre.Normalize(im.Normalize)
	return s
}

// classifierSpec translates the manifest's labels.
func classifierSpec(out *pack.Output) *post.ClassifierSpec {
	s := &post.ClassifierSpec{
		Activation:       post.Activation(out.Activation),
		Temperature:      out.Temperature,
		UnknownThreshold: out.UnknownThreshold,
	}
	for _, l := range out.Labels {
		s.Labels = append(s.Labels, post.Label(l))
	}
	return s
}
