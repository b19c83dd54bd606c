package service

import (
	"github.com/go-faster/jx"

	"larder/model"
)

// serverMetadata answers GET /v2.
func serverMetadata(*Service, Request, params) ([]byte, error) {
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		e.Field("name", func(e *jx.Encoder) { e.Str("larder") })
		e.Field("version", func(e *jx.Encoder) { e.Str(model.Version) })
		e.Field("extensions", func(e *jx.Encoder) { e.Arr(func(e *jx.Encoder) { e.Str("classify") }) })
	})
	return e.Bytes(), nil
}

// live answers GET /v2/health/live: the program runs.
func live(*Service, Request, params) ([]byte, error) { return flag("live"), nil }

// ready answers GET /v2/health/ready: the registry can be read and its default
// model, if it names one, is loaded.
func ready(s *Service, r Request, _ params) ([]byte, error) {
	index, err := s.shelf.currentIndex(r.Now)
	if err != nil {
		return nil, err
	}
	if index.Default != "" {
		if _, err := s.shelf.open(index.Default, "", r.Now); err != nil {
			return nil, err
		}
	}
	return flag("ready"), nil
}

// modelReady answers GET /v2/models/{m}/ready.
func modelReady(s *Service, r Request, p params) ([]byte, error) {
	m, err := s.shelf.open(p.model, p.version, r.Now)
	if err != nil {
		return nil, err
	}
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		e.Field("name", func(e *jx.Encoder) { e.Str(m.manifest.Name) })
		e.Field("ready", func(e *jx.Encoder) { e.Bool(true) })
	})
	return e.Bytes(), nil
}

// modelMetadata answers GET /v2/models/{m}.
func modelMetadata(s *Service, r Request, p params) ([]byte, error) {
	m, err := s.shelf.open(p.model, p.version, r.Now)
	if err != nil {
		return nil, err
	}
	versions := []string{m.manifest.Version}
	if p.version == "" {
		versions = s.shelf.index.Model(p.model).Versions
	}
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) {
		e.Field("name", func(e *jx.Encoder) { e.Str(m.manifest.Name) })
		e.Field("versions", func(e *jx.Encoder) {
			e.Arr(func(e *jx.Encoder) {
				for _, v := range versions {
					e.Str(v)
				}
			})
		})
		e.Field("platform", func(e *jx.Encoder) { e.Str("larder_onnx") })
		e.Field("inputs", func(e *jx.Encoder) { ports(e, m.session.Inputs()) })
		e.Field("outputs", func(e *jx.Encoder) { ports(e, m.session.Outputs()) })
	})
	return e.Bytes(), nil
}

// ports writes the tensors of a model; a size that is not fixed is -1.
func ports(e *jx.Encoder, ps []model.Port) {
	e.Arr(func(e *jx.Encoder) {
		for _, p := range ps {
			e.Obj(func(e *jx.Encoder) {
				e.Field("name", func(e *jx.Encoder) { e.Str(p.Name) })
				e.Field("datatype", func(e *jx.Encoder) { e.Str(datatype(p.DType)) })
				e.Field("shape", func(e *jx.Encoder) {
					e.Arr(func(e *jx.Encoder) {
						for _, d := range p.Dims {
							e.Int(d.Size)
						}
					})
				})
			})
		}
	})
}

func flag(name string) []byte {
	var e jx.Encoder
	e.Obj(func(e *jx.Encoder) { e.Field(name, func(e *jx.Encoder) { e.Bool(true) }) })
	return e.Bytes()
}
