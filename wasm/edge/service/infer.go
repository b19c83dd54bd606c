package service

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/go-faster/jx"

	"larder/model/tensor"
)

// inferRequest is the body of POST …/infer. Members that the service has no
// use for (parameters) are ignored.
type inferRequest struct {
	id      string
	inputs  map[string]*tensor.Tensor
	outputs []string // names that the client wants; none means all
}

// infer answers POST /v2/models/{m}/infer: the model on tensors.
func infer(s *Service, r Request, p params) ([]byte, error) {
	if r.Binary {
		return nil, httpErrorf(400, "the binary tensor extension is not supported: send the tensors as JSON")
	}
	m, err := s.shelf.open(p.model, p.version, r.Now)
	if err != nil {
		return nil, err
	}
	req, err := readInfer(r.Body)
	if err != nil {
		return nil, err
	}
	out, err := m.session.Run(context.Background(), req.inputs)
	if err != nil {
		return nil, err
	}
	return writeInfer(m, req, out)
}

func readInfer(body []byte) (inferRequest, error) {
	req := inferRequest{inputs: map[string]*tensor.Tensor{}}
	d := jx.DecodeBytes(body)
	err := d.Obj(func(d *jx.Decoder, key string) (err error) {
		switch key {
		case "id":
			req.id, err = d.Str()
			return err
		case "inputs":
			return d.Arr(func(d *jx.Decoder) error { return req.readInput(d) })
		case "outputs":
			return d.Arr(func(d *jx.Decoder) error { return req.readOutput(d) })
		}
		return d.Skip()
	})
	switch {
	case err != nil:
		return req, badJSON(err)
	case len(req.inputs) == 0:
		return req, httpErrorf(400, "the request has no inputs")
	}
	return req, nil
}

// readInput reads {"name", "shape", "datatype", "data"}. The members may come in
// any order, so the data are decoded last.
func (req *inferRequest) readInput(d *jx.Decoder) error {
	var (
		name, typ string
		shape     []int
		data      jx.Raw
	)
	err := d.Obj(func(d *jx.Decoder, key string) (err error) {
		switch key {
		case "name":
			name, err = d.Str()
		case "datatype":
			typ, err = d.Str()
		case "shape":
			shape, err = readShape(d)
		case "data":
			data, err = d.Raw()
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	dtype, ok := parseDatatype(typ)
	switch {
	case name == "":
		return httpErrorf(400, "an input has no name")
	case req.inputs[name] != nil:
		return httpErrorf(400, "input %q is there twice", name)
	case !ok:
		return httpErrorf(400, "input %q: unknown datatype %q", name, typ)
	case data == nil:
		return httpErrorf(400, "input %q has no data", name)
	}
	t, err := readTensor(dtype, shape, data)
	if err != nil {
		return httpErrorf(400, "input %q: %v", name, err)
	}
	req.inputs[name] = t
	return nil
}

func readShape(d *jx.Decoder) (shape []int, err error) {
	err = d.Arr(func(d *jx.Decoder) error {
		n, err := d.Int()
		if err == nil && len(shape) == tensor.MaxRank {
			return httpErrorf(400, "shape has more than %d dimensions", tensor.MaxRank)
		}
		shape = append(shape, n)
		return err
	})
	return shape, err
}

func (req *inferRequest) readOutput(d *jx.Decoder) error {
	return d.Obj(func(d *jx.Decoder, key string) error {
		if key != "name" {
			return d.Skip()
		}
		name, err := d.Str()
		req.outputs = append(req.outputs, name)
		return err
	})
}

func writeInfer(m *loaded, req inferRequest, out map[string]*tensor.Tensor) ([]byte, error) {
	names := req.outputs
	if len(names) == 0 {
		for _, p := range m.session.Outputs() {
			names = append(names, p.Name)
		}
	}
	for _, name := range names {
		if out[name] == nil {
			return nil, httpErrorf(400, "the model has no output %q, it has %q", name, slices.Sorted(maps.Keys(out)))
		}
	}
	var e jx.Encoder
	var err error
	e.Obj(func(e *jx.Encoder) {
		writeModel(e, m)
		if req.id != "" {
			e.Field("id", func(e *jx.Encoder) { e.Str(req.id) })
		}
		e.Field("outputs", func(e *jx.Encoder) {
			e.Arr(func(e *jx.Encoder) {
				for _, name := range names {
					if err == nil {
						err = writeTensor(e, name, out[name])
					}
				}
			})
		})
	})
	return e.Bytes(), err
}

func writeModel(e *jx.Encoder, m *loaded) {
	e.Field("model_name", func(e *jx.Encoder) { e.Str(m.manifest.Name) })
	e.Field("model_version", func(e *jx.Encoder) { e.Str(m.manifest.Version) })
}

// badJSON keeps an error that already speaks to the client and explains one of
// the JSON decoder.
func badJSON(err error) error {
	var he *httpError
	if errors.As(err, &he) {
		return he
	}
	return httpErrorf(400, "the body is not the JSON of an inference request: %v", err)
}
