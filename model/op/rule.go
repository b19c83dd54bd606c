package op

import (
	"larder/model/tensor"
)

// MaxResultBytes bounds what one output of an operator may take (a string
// counts as 16 bytes): a few bytes of model can ask for any size (Expand, Tile,
// ConstantOfShape …), and a browser tab has 4 GiB at most. The largest weight
// of a well-known classifier (VGG's first dense layer) has 411 MB.
const MaxResultBytes = 1 << 29

// foldElems is the most elements, of all inputs and outputs together, of a node
// that Infer computes. Values that steer shapes have a handful. It is done each
// time that Infer is called, several times for a load and once for a run, so it
// must cost next to nothing.
const foldElems = 4096

// rule is an operator whose output types follow from its inputs by one
// function, used before a run and in it, so that both agree by construction.
type rule interface {
	// types does the work of Operator.Infer without constant propagation. When
	// every input is a constant it finds everything that does not depend on a
	// result's contents.
	types(in []Value) ([]Value, error)
	// run computes the outputs; out is what types returned for in. It may rely
	// on everything that types has checked.
	run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error)
}

// arity says how many inputs and outputs a node may have; maxIn < 0 stands for
// any number. The first minIn inputs must be present.
type arity struct{ minIn, maxIn, maxOut int }

// ruled makes an Operator of a rule: it checks the number of inputs and
// outputs, bounds the outputs and propagates constants.
type ruled struct {
	rule
	arity
	inputs, outputs int
	heavy           bool // never computed by Infer
}

// newRuled checks the node against a and returns r as an Operator.
func newRuled(n Node, a arity, r rule) (Operator, error) {
	if len(n.Inputs) < a.minIn || a.maxIn >= 0 && len(n.Inputs) > a.maxIn {
		return nil, Invalidf("%d inputs, want %d to %d", len(n.Inputs), a.minIn, a.maxIn)
	}
	if len(n.Outputs) < 1 || len(n.Outputs) > a.maxOut {
		return nil, Invalidf("%d outputs, want 1 to %d", len(n.Outputs), a.maxOut)
	}
	for i, name := range n.Inputs[:a.minIn] {
		if name == "" {
			return nil, Invalidf("input %d is missing", i)
		}
	}
	return &ruled{r, a, len(n.Inputs), len(n.Outputs), Heavy(n.Type)}, nil
}

// Infer implements Operator.
func (r *ruled) Infer(in []Value) ([]Value, error) {
	in, err := r.values(in)
	if err != nil {
		return nil, err
	}
	out, err := r.typed(in)
	if err != nil {
		return nil, err
	}
	if r.heavy || !foldable(in, out) {
		return out[:r.outputs], nil
	}
	ts := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		ts[i] = v.Const
	}
	res, err := r.run(ts, out)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if i < len(res) && res[i] != nil {
			out[i] = Known(res[i])
		}
	}
	return out[:r.outputs], nil
}

// Run implements Operator.
func (r *ruled) Run(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	vs, err := r.values(knownAll(in))
	if err != nil {
		return nil, err
	}
	out, err := r.typed(vs)
	if err != nil {
		return nil, err
	}
	res, err := r.run(in, out)
	if err != nil {
		return nil, err
	}
	return res[:min(len(res), r.outputs)], nil
}

// values checks presence and makes each constant tell its type and shape.
func (r *ruled) values(in []Value) ([]Value, error) {
	if len(in) != r.inputs {
		return nil, Invalidf("%d inputs given, the node names %d", len(in), r.inputs)
	}
	vs := make([]Value, len(in))
	for i, v := range in {
		if v.Absent && i < r.minIn {
			return nil, Invalidf("input %d is missing", i)
		}
		if v.Const != nil {
			v = Known(v.Const)
		}
		if v.DType.Composite() && !takesComposites(r.rule) {
			return nil, Invalidf("input %d is a %v, want a tensor", i, v.DType)
		}
		vs[i] = v
	}
	return vs, nil
}

// typed calls types and bounds what it returns.
func (r *ruled) typed(in []Value) ([]Value, error) {
	out, err := r.types(in)
	if err != nil {
		return nil, err
	}
	if len(out) < r.outputs {
		return nil, Invalidf("%d outputs named, there are %d", r.outputs, len(out))
	}
	for _, v := range out {
		if err := checkResult(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkResult refuses outputs that are impossible or too large.
func checkResult(v Value) error {
	if !v.Ranked {
		return nil
	}
	if len(v.Shape) > tensor.MaxRank {
		return Unsupportedf("output of rank %d, at most %d are possible", len(v.Shape), tensor.MaxRank)
	}
	if !v.Shape.Known() {
		return nil
	}
	n, err := v.Shape.Elems()
	if err != nil || n > MaxResultBytes/elemBytes(v.DType) {
		return Unsupportedf("output %v is larger than %d MiB", v, MaxResultBytes>>20)
	}
	return nil
}

// elemBytes is the size that checkResult counts for an element.
func elemBytes(d tensor.DType) int {
	switch {
	case d == tensor.String:
		return 16
	case d.Composite():
		return compositeBytes
	case d.Size() == 0:
		return 1
	}
	return d.Size()
}

// foldable reports whether the inputs are constants, and they and the outputs
// are small. The size of an output that depends on contents follows that of the
// inputs.
func foldable(in, out []Value) bool {
	small := 0
	for _, v := range in {
		switch {
		case v.Absent:
		case v.Const == nil || v.DType.Composite() || v.Const.Len() > foldElems:
			return false
		default:
			small += v.Const.Len()
		}
	}
	for _, v := range out {
		if v.DType.Composite() {
			return false
		}
		if !v.Ranked || !v.Shape.Known() {
			continue
		}
		n, err := v.Shape.Elems()
		if err != nil || n > foldElems {
			return false
		}
		small += n
	}
	return small <= foldElems
}

// knownAll returns the Values of the inputs of a run.
func knownAll(in []*tensor.Tensor) []Value {
	vs := make([]Value, len(in))
	for i, t := range in {
		if vs[i].Absent = t == nil; t != nil {
			vs[i] = Known(t)
		}
	}
	return vs
}
