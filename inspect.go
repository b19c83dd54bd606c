package main

import (
	"fmt"

	"larder/model"
	"larder/model/pack"
)

// inspect loads the model, which proves that Larder can run it, and returns
// its ports.
func inspect(file string, data []byte) (ports, error) {
	s, err := model.Load(data, model.Options{})
	if err != nil {
		return ports{}, fmt.Errorf("%s: %w", file, err)
	}
	defer s.Close()
	var p ports
	for _, in := range s.Inputs() {
		if !in.Optional {
			p.inputs = append(p.inputs, newPort(in))
		}
	}
	for _, out := range s.Outputs() {
		p.outputs = append(p.outputs, newPort(out))
	}
	return p, nil
}

func newPort(from model.Port) port {
	p := port{name: from.Name, dtype: from.DType.String()}
	for _, d := range from.Dims {
		if d.Size > 0 {
			p.dims = append(p.dims, pack.Dim{Size: d.Size})
		} else {
			p.dims = append(p.dims, pack.Dim{Name: d.Name})
		}
	}
	return p
}
