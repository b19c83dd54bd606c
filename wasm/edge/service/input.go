package service

import (
	"slices"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"larder/model"
	"larder/model/pack"
	"larder/model/pre/imagefile"
)

// kind is what the body of a classify request holds; the model says which.
type kind int

const (
	noKind  kind = iota // a model that takes tensors, or scores nothing
	picture             // a picture file
	text                // UTF-8, or JSON {"text", "pair"}
	row                 // JSON, a number for each field
)

// kindOf returns what a model classifies.
func kindOf(m *pack.Manifest) kind {
	scored := slices.ContainsFunc(m.Outputs, func(o pack.Output) bool { return len(o.Labels) > 0 })
	switch in := &m.Inputs[0]; {
	case !scored:
		return noKind
	case in.Text != nil:
		return text
	case in.Image != nil:
		return picture
	case len(in.Features) > 0:
		return row
	}
	return noKind
}

// readBody makes the input of a classifier of the body of a request.
func (s *Service) readBody(k kind, r Request) (model.Input, error) {
	switch {
	case k == text && r.JSON:
		return readTexts(r.Body)
	case k == text:
		if !utf8.Valid(r.Body) {
			return nil, httpErrorf(400, "the body is not a text in UTF-8, which this model classifies")
		}
		return model.Text{string(r.Body)}, nil
	case k == row:
		return readRow(r.Body)
	}
	img, err := imagefile.DecodeLimit(r.Body, s.opt.MaxPixels)
	return model.Picture{Image: img}, err
}

// readTexts reads {"text", "pair"}; pair may be absent.
func readTexts(body []byte) (model.Input, error) {
	var parts [2]*string
	d := jx.DecodeBytes(body)
	err := d.Obj(func(d *jx.Decoder, key string) error {
		at := slices.Index([]string{"text", "pair"}, key)
		if at < 0 {
			return httpErrorf(400, "a text has the members \"text\" and \"pair\", not %q", key)
		}
		s, err := d.Str()
		parts[at] = &s
		return err
	})
	switch {
	case err != nil:
		return nil, badJSON(err)
	case parts[0] == nil:
		return nil, httpErrorf(400, "the request has no \"text\"")
	case parts[1] == nil:
		return model.Text{*parts[0]}, nil
	}
	return model.Text{*parts[0], *parts[1]}, nil
}

// readRow reads an object of numbers by the names of the model's fields.
func readRow(body []byte) (model.Input, error) {
	fields := model.Fields{}
	d := jx.DecodeBytes(body)
	err := d.Obj(func(d *jx.Decoder, key string) error {
		v, err := d.Float64()
		if err != nil {
			return httpErrorf(400, "field %q is not a number: %v", key, err)
		}
		fields[key] = v
		return nil
	})
	if err != nil {
		return nil, badJSON(err)
	}
	return fields, nil
}
