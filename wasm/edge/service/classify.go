package service

import (
	"context"
	"strings"

	"github.com/go-faster/jx"

	"larder/model"
)

// classify answers POST /v2/models/{m}/classify, whose body is what the model
// takes (a picture file, a text or a row of a table): the classes with calibrated
// probabilities, the most probable first.
func classify(s *Service, r Request, p params) ([]byte, error) {
	m, err := s.shelf.open(p.model, p.version, r.Now)
	if err != nil {
		return nil, err
	}
	if m.classifier == nil {
		return nil, httpErrorf(400, "model %s takes tensors, or has no labels (its task is %q): use infer", m.manifest.Name, m.manifest.Task)
	}
	in, err := s.readBody(kindOf(m.manifest), r)
	if err != nil {
		return nil, err
	}
	answer, err := m.classifier.Classify(context.Background(), in)
	if err != nil {
		return nil, err
	}
	return writeAnswer(m, answer, r.Include)
}

func writeAnswer(m *loaded, a model.Answer, include string) ([]byte, error) {
	var e jx.Encoder
	var err error
	e.Obj(func(e *jx.Encoder) {
		writeModel(e, m)
		e.Field("label", func(e *jx.Encoder) { e.Str(a.Label) })
		e.Field("unknown", func(e *jx.Encoder) { e.Bool(a.Unknown) })
		e.Field("classes", func(e *jx.Encoder) {
			e.Arr(func(e *jx.Encoder) {
				for _, c := range a.Classes {
					e.Obj(func(e *jx.Encoder) {
						e.Field("label", func(e *jx.Encoder) { e.Str(c.Label) })
						e.Field("display", func(e *jx.Encoder) { e.Str(c.Display) })
						e.Field("probability", func(e *jx.Encoder) { e.Float64(c.Probability) })
					})
				}
			})
		})
		for _, part := range strings.Split(include, ",") {
			switch part {
			case "input":
				e.Field("input", func(e *jx.Encoder) { err = writeTensor(e, "input", a.Inputs[m.manifest.Inputs[0].Name]) })
			case "logits":
				e.Field("logits", func(e *jx.Encoder) { err = writeTensor(e, "logits", a.Scores) })
			case "":
			default:
				err = httpErrorf(400, "include knows \"input\" and \"logits\", not %q", part)
			}
			if err != nil {
				return
			}
		}
	})
	return e.Bytes(), err
}
