package model

import (
	"fmt"
	"slices"

	"larder/model/pack"
	"larder/model/tensor"
)

// fitInputs checks that the model has the manifest's inputs and needs no other.
func fitInputs(ports []Port, m *pack.Manifest) error {
	for _, p := range ports {
		if !p.Optional && !slices.ContainsFunc(m.Inputs, func(in pack.Input) bool { return in.Name == p.Name }) {
			return mismatch(m, "the model also needs input %q (%v)", p.Name, p)
		}
	}
	for i := range m.Inputs {
		if err := fitInput(ports, m, &m.Inputs[i]); err != nil {
			return err
		}
	}
	return nil
}

// fitInput checks that the model has an input of the manifest.
func fitInput(ports []Port, m *pack.Manifest, in *pack.Input) error {
	for _, p := range ports {
		switch {
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
		return nil
	}
	return mismatch(m, "the model has no input %q", in.Name)
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
