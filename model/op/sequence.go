package op

import (
	"slices"

	"larder/model/tensor"
)

// Operators on sequences of tensors, since opset 11.
// https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html and so on. Sequences
// are values: each operator makes a new one. SequenceMap has a body and is in
// model/graph.

var sequenceOps = []Entry{
	{"", "SequenceConstruct", 11, newSequenceConstruct},
	{"", "SequenceEmpty", 11, newSequenceEmpty},
	{"", "SequenceInsert", 11, newSequenceInsert},
	{"", "SequenceErase", 11, newSequenceErase},
	{"", "SequenceAt", 11, newSequenceAt},
	{"", "SequenceLength", 11, newSequenceLength},
	{"", "SplitToSequence", 11, newSplitToSequence},
	{"", "ConcatFromSequence", 11, newConcatFromSequence},
}

// sequenceConstruct makes a sequence of its inputs.
type sequenceConstruct struct{ composites }

func newSequenceConstruct(n Node) (Operator, error) {
	return newRuled(n, arity{1, -1, 1}, sequenceConstruct{})
}

func (sequenceConstruct) types(in []Value) ([]Value, error) {
	if _, err := commonType(in...); err != nil {
		return nil, err
	}
	elem := in[0]
	for i, v := range in {
		if v.Absent {
			return nil, Invalidf("input %d is missing", i)
		}
		elem = Merge(elem, v)
	}
	return []Value{SequenceOf(elem, len(in))}, wantTensors(in...)
}

func (sequenceConstruct) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{tensor.SequenceOf(slices.Clone(in)...)}, nil
}

// sequenceEmpty makes a sequence without elements, of a type.
type sequenceEmpty struct{ dtype tensor.DType }

func newSequenceEmpty(n Node) (Operator, error) {
	d, err := dtypeAttr(n, "dtype", tensor.Float32)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{0, 0, 1}, sequenceEmpty{d})
}

func (s sequenceEmpty) types([]Value) ([]Value, error) {
	return []Value{SequenceOf(Unranked(s.dtype), 0)}, nil
}

func (s sequenceEmpty) run([]*tensor.Tensor, []Value) ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{tensor.SequenceOf()}, nil
}

// sequenceEdit is SequenceInsert, SequenceErase and SequenceAt: all of them look
// at one place.
type sequenceEdit struct {
	composites
	place int // the input that says where; the default is the end
	past  int // 1: the place may be behind the last element
}

// at returns the place, counted from the front.
func (s *sequenceEdit) at(in []*tensor.Tensor) (int, error) {
	n := len(in[0].Items())
	t := tensorAt(in, s.place)
	if t == nil {
		return n - 1 + s.past, nil
	}
	list, err := flatInts("position", t)
	if err != nil {
		return 0, err
	}
	if len(list) != 1 {
		return 0, Invalidf("position %v is not a scalar", t)
	}
	i := list[0]
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n+s.past) {
		return 0, Invalidf("position %d in a sequence of %d", list[0], n)
	}
	return int(i), nil
}

// check checks the inputs' types.
func (s *sequenceEdit) check(in []Value) error {
	if err := wantKind("input 0", in[0], tensor.Sequence); err != nil {
		return err
	}
	at := input(in, s.place)
	if at.Absent {
		return nil
	}
	return wantType("position", at, indexTypes...)
}

// sized is v's length changed by some, if it is known.
func sized(v Value, by int) int {
	if n := length(v); n >= 0 && n+by >= 0 {
		return n + by
	}
	return tensor.Unknown
}

type sequenceInsert struct{ sequenceEdit }

func newSequenceInsert(n Node) (Operator, error) {
	return newRuled(n, arity{2, 3, 1}, &sequenceInsert{sequenceEdit{place: 2, past: 1}})
}

func (s *sequenceInsert) types(in []Value) ([]Value, error) {
	if err := s.check(in); err != nil {
		return nil, err
	}
	elem := in[0].elem()
	if _, err := commonType(elem, in[1]); err != nil {
		return nil, err
	}
	if length(in[0]) == 0 {
		elem = in[1]
	}
	return []Value{SequenceOf(Merge(elem, in[1]), sized(in[0], 1))}, wantTensors(in[1])
}

func (s *sequenceInsert) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	i, err := s.at(in)
	if err != nil {
		return nil, err
	}
	old := in[0].Items()
	list := make([]*tensor.Tensor, 0, len(old)+1)
	list = append(append(append(list, old[:i]...), in[1]), old[i:]...)
	return []*tensor.Tensor{tensor.SequenceOf(list...)}, nil
}

type sequenceErase struct{ sequenceEdit }

func newSequenceErase(n Node) (Operator, error) {
	return newRuled(n, arity{1, 2, 1}, &sequenceErase{sequenceEdit{place: 1}})
}

func (s *sequenceErase) types(in []Value) ([]Value, error) {
	return []Value{SequenceOf(in[0].elem(), sized(in[0], -1))}, s.check(in)
}

func (s *sequenceErase) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	i, err := s.at(in)
	if err != nil {
		return nil, err
	}
	old := in[0].Items()
	if len(old) == 0 {
		return nil, Invalidf("the sequence is empty")
	}
	list := slices.Delete(slices.Clone(old), i, i+1)
	return []*tensor.Tensor{tensor.SequenceOf(list...)}, nil
}

type sequenceAt struct{ sequenceEdit }

func newSequenceAt(n Node) (Operator, error) {
	return newRuled(n, arity{2, 2, 1}, &sequenceAt{sequenceEdit{place: 1}})
}

func (s *sequenceAt) types(in []Value) ([]Value, error) {
	return []Value{in[0].elem()}, s.check(in)
}

func (s *sequenceAt) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	i, err := s.at(in)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{in[0].Items()[i]}, nil
}

// sequenceLength counts.
type sequenceLength struct{ composites }

func newSequenceLength(n Node) (Operator, error) {
	return newRuled(n, arity{1, 1, 1}, sequenceLength{})
}

func (sequenceLength) types(in []Value) ([]Value, error) {
	return []Value{Of(tensor.Int64)}, wantKind("input 0", in[0], tensor.Sequence)
}

func (sequenceLength) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	return []*tensor.Tensor{tensor.Scalar(int64(len(in[0].Items())))}, nil
}
