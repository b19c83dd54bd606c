package model

import (
	"fmt"

	"larder/model/tensor"
)

// Fields is a row of a table: a number for each feature that the manifest names.
type Fields map[string]float64

// tensors returns [1, features].
func (fields Fields) tensors(c *Classifier) (map[string]*tensor.Tensor, error) {
	in := &c.inputs[0]
	if len(in.Features) == 0 || c.text != nil {
		return nil, c.wrongKind("named numbers")
	}
	row := make([]float32, len(in.Features))
	known := make(map[string]bool, len(in.Features))
	for i, f := range in.Features {
		v, ok := fields[f.Name]
		if !ok {
			return nil, &Error{Code: InvalidInput, Detail: fmt.Sprintf("field %q is missing", f.Name)}
		}
		row[i], known[f.Name] = float32(v), true
	}
	for name := range fields {
		if !known[name] {
			return nil, &Error{Code: InvalidInput, Detail: fmt.Sprintf("the model has no field %q", name)}
		}
	}
	if in.Type == tensor.Float64.String() {
		wide := make([]float64, len(row))
		for i, f := range in.Features {
			wide[i] = fields[f.Name]
		}
		return map[string]*tensor.Tensor{in.Name: tensor.Must(tensor.Of(wide, 1, len(wide)))}, nil
	}
	return map[string]*tensor.Tensor{in.Name: tensor.Must(tensor.Of(row, 1, len(row)))}, nil
}
