package model

import (
	"fmt"
	"slices"
	"strings"

	"larder/model/tensor"
)

func badInput(format string, args ...any) *Error {
	return &Error{Code: InvalidInput, Detail: fmt.Sprintf(format, args...)}
}

// feeds checks the inputs of a run and puts them in order.
func (s *Session) feeds(in map[string]*tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := s.checkNames(in); err != nil {
		return nil, err
	}
	sizes := map[string]seenSize{}
	feeds := make([]*tensor.Tensor, len(s.inputs))
	for i, p := range s.inputs {
		t, given := in[p.Name]
		switch {
		case !given && p.Optional:
			continue
		case !given && p.DType != tensor.Optional:
			return nil, badInput("input %q is missing: it must be %v", p.Name, p)
		}
		var err error
		if feeds[i], err = p.checkValue(t, sizes); err != nil {
			return nil, err
		}
	}
	return feeds, nil
}

// checkNames refuses inputs that the model does not have.
func (s *Session) checkNames(in map[string]*tensor.Tensor) error {
	var extra []string
	for name := range in {
		if s.fixed[name] {
			return badInput("input %q is a constant of this model: leave it out", name)
		}
		if !slices.ContainsFunc(s.inputs, func(p Port) bool { return p.Name == name }) {
			extra = append(extra, fmt.Sprintf("%q", name))
		}
	}
	if len(extra) == 0 {
		return nil
	}
	slices.Sort(extra)
	names := make([]string, len(s.inputs))
	for i, p := range s.inputs {
		names[i] = fmt.Sprintf("%q", p.Name)
	}
	return badInput("the model has no input %s: its inputs are %s", strings.Join(extra, ", "), strings.Join(names, ", "))
}

// seenSize remembers which input gave a named dimension its size.
type seenSize struct {
	size  int
	input string
}

// check compares t with the port, and its named dimensions with those of the
// inputs before it.
func (p Port) check(t *tensor.Tensor, sizes map[string]seenSize) error {
	if p.DType != tensor.Undefined && t.DType() != p.DType {
		return badInput("input %q has type %v, it must be %v", p.Name, t.DType(), p.DType)
	}
	if !p.Ranked {
		return nil
	}
	if t.Rank() != len(p.Dims) {
		return badInput("input %q has %d dimensions %v, it must have %d: %v", p.Name, t.Rank(), t.Shape(), len(p.Dims), p)
	}
	for i, d := range p.Dims {
		n := t.Dim(i)
		if d.Size >= 0 && n != d.Size {
			return badInput("input %q has size %d in dimension %d, it must be %d: %v", p.Name, n, i, d.Size, p)
		}
		if d.Name == "" {
			continue
		}
		was, ok := sizes[d.Name]
		if ok && was.size != n {
			return badInput("input %q has %q = %d in dimension %d, but it is %d in input %q",
				p.Name, d.Name, n, i, was.size, was.input)
		}
		sizes[d.Name] = seenSize{n, p.Name}
	}
	return nil
}
