package model

import (
	"context"
	"fmt"
	"time"

	"larder/model/pack"
	"larder/model/post"
	"larder/model/pre"
	"larder/model/tensor"
)

// Classifier answers what a picture shows: a Session with the preparation and
// the labels of its package. The browser, the edge and the command line all
// use this one. Its methods may be called by several goroutines at once.
type Classifier struct {
	// Now is the clock of the timings; set it before the first use. The default
	// is time.Now.
	Now func() time.Time

	session       *Session
	input, output string
	image         *pre.ImageSpec // nil if the input is no picture
	spec          *post.ClassifierSpec
}

// Timing says how long the parts of an answer took.
type Timing struct {
	Preprocess, Infer, Postprocess time.Duration
}

// Answer is what a Classifier returns.
type Answer struct {
	post.Result
	// Input is the tensor that the model saw, Scores the output that the labels
	// belong to. Both must not be written to.
	Input, Scores *tensor.Tensor
	Timing        Timing
}

// NewClassifier joins a loaded model with the manifest of its package. It
// returns an *Error of code InvalidModel if the two do not fit: the manifest's
// input or labelled output is not the model's, or has another size or type. The
// Session stays the caller's, who closes it.
func NewClassifier(s *Session, m *pack.Manifest) (*Classifier, error) {
	c := &Classifier{Now: time.Now, session: s}
	if len(m.Inputs) != 1 {
		return nil, mismatch(m, "a classifier has one input, the manifest lists %d", len(m.Inputs))
	}
	in := &m.Inputs[0]
	c.input = in.Name
	if in.Image != nil {
		c.image = imageSpec(in.Image)
		if err := c.image.Check(); err != nil {
			return nil, mismatch(m, "input %q: %v", in.Name, err)
		}
	}
	if err := fitInput(s.Inputs(), m, in); err != nil {
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

// Preprocess returns the tensor that the model takes for a picture. It returns
// a *pre.ImageError for a picture that cannot be used and an *Error of code
// InvalidInput if the model takes no picture.
func (c *Classifier) Preprocess(img *pre.Image) (*tensor.Tensor, error) {
	if c.image == nil {
		return nil, &Error{Code: InvalidInput, Detail: fmt.Sprintf("input %q takes a tensor, not a picture", c.input)}
	}
	return pre.Preprocess(img, c.image)
}

// Classify answers for a picture. It returns a *pre.ImageError for a picture
// that cannot be used and an *Error for everything else.
func (c *Classifier) Classify(ctx context.Context, img *pre.Image) (Answer, error) {
	start := c.Now()
	x, err := c.Preprocess(img)
	if err != nil {
		return Answer{}, err
	}
	took := c.Now().Sub(start)
	a, err := c.ClassifyTensor(ctx, x)
	a.Timing.Preprocess = took
	return a, err
}

// ClassifyTensor answers for a tensor that is prepared already.
func (c *Classifier) ClassifyTensor(ctx context.Context, x *tensor.Tensor) (Answer, error) {
	start := c.Now()
	out, err := c.session.Run(ctx, map[string]*tensor.Tensor{c.input: x})
	if err != nil {
		return Answer{}, err
	}
	ran := c.Now()
	a := Answer{Input: x, Scores: out[c.output]}
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

// fitInput checks that the model has the manifest's input and needs no other.
func fitInput(ports []Port, m *pack.Manifest, in *pack.Input) error {
	found := false
	for _, p := range ports {
		switch {
		case p.Name != in.Name && !p.Optional:
			return mismatch(m, "the model also needs input %q (%v)", p.Name, p)
		case p.Name != in.Name:
			continue
		case p.DType != tensor.Undefined && p.DType.String() != in.Type:
			return mismatch(m, "input %q is %v in the model, %s in the manifest", in.Name, p, in.Type)
		case p.Ranked && len(p.Dims) != len(in.Dims):
			return mismatch(m, "input %q is %v in the model, the manifest lists %d dimensions", in.Name, p, len(in.Dims))
		}
		for i, d := range p.Dims {
			if want := in.Dims[i].Size; want > 0 && d.Size > 0 && d.Size != want {
				return mismatch(m, "input %q is %v in the model, dimension %d is %d in the manifest", in.Name, p, i, want)
			}
		}
		found = true
	}
	if !found {
		return mismatch(m, "the model has no input %q", in.Name)
	}
	return nil
}

// fitOutput checks that the model has the labelled output, and as many scores
// as labels as far as its shape is known. One score may stand for two labels.
func fitOutput(ports []Port, m *pack.Manifest, out *pack.Output) error {
	for _, p := range ports {
		if p.Name != out.Name {
			continue
		}
		if n := len(p.Dims); n > 0 {
			last, labels := p.Dims[n-1].Size, len(out.Labels)
			one := last == 1 && labels == 2 && out.Activation != pack.ActivationSoftmax
			if last > 0 && last != labels && !one {
				return mismatch(m, "output %q is %v in the model, the manifest lists %d labels", out.Name, p, labels)
			}
		}
		return nil
	}
	return mismatch(m, "the model has no output %q", out.Name)
}

func mismatch(m *pack.Manifest, format string, args ...any) error {
	return &Error{Code: InvalidModel, Detail: fmt.Sprintf("manifest of %s %s: ", m.Name, m.Version) + fmt.Sprintf(format, args...)}
}
