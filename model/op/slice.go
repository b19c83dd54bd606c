package op

import (
	"math"

	"larder/model/tensor"
)

// Slice takes elements start, start+step … before end along axes: attributes
// before opset 10, inputs from then on.
// https://onnx.ai/onnx/operators/onnx__Slice.html

var sliceOps = []Entry{{"", "Slice", 1, newSlice}}

type slicing struct {
	isAttr             bool
	starts, ends, axes []int64
	hasAxes            bool
}

func newSlice(n Node) (Operator, error) {
	if n.Opset >= 10 {
		return newRuled(n, arity{3, 5, 1}, &slicing{})
	}
	s := &slicing{isAttr: true, hasAxes: n.Attrs.Has("axes")}
	var err error
	if s.starts, err = n.Attrs.Ints("starts"); err != nil {
		return nil, err
	}
	if s.ends, err = n.Attrs.Ints("ends"); err != nil {
		return nil, err
	}
	if s.axes, err = n.Attrs.Ints("axes"); err != nil {
		return nil, err
	}
	return newRuled(n, arity{1, 1, 1}, s)
}

// cut is what one axis keeps.
type cut struct{ start, step, count int }

// cutOf clamps start and end to a dimension of the given size as ONNX says.
func cutOf(start, end, step int64, size int) (cut, error) {
	if step == 0 {
		return cut{}, Invalidf("step is 0")
	}
	n := int64(size)
	clamp := func(v, lo, hi int64) int64 {
		if v < 0 {
			v += n
		}
		return min(max(v, lo), hi)
	}
	step = min(max(step, -math.MaxInt32), math.MaxInt32) // beyond any dimension
	if step > 0 {
		start, end = clamp(start, 0, n), clamp(end, 0, n)
		return cut{int(start), int(step), int(max(0, (end-start+step-1)/step))}, nil
	}
	start, end = clamp(start, 0, n-1), clamp(end, -1, n-1)
	return cut{int(start), int(step), int(max(0, (start-end-step-1)/-step))}, nil
}

// sliceInts are the lists that steer a Slice; known says whether each is known.
type sliceInts struct {
	starts, ends, axes, steps []int64
	axesKnown, known          bool
}

func (s *slicing) ints(in []Value) (sliceInts, error) {
	if s.isAttr {
		return s.complete(sliceInts{s.starts, s.ends, s.axes, nil, true, true}, s.hasAxes, false)
	}
	var l sliceInts
	lists := []*[]int64{&l.starts, &l.ends, &l.axes, &l.steps}
	var known [4]bool
	for i, what := range []string{"starts", "ends", "axes", "steps"} {
		var err error
		if *lists[i], known[i], err = constInts(what, input(in, i+1)); err != nil {
			return l, err
		}
	}
	l.axesKnown, l.known = known[2], known[0] && known[1] && known[2] && known[3]
	if !l.known {
		n := length(in[1])
		if input(in, 3).Absent { // the axes are the first ones
			l.axesKnown = n >= 0 && n <= tensor.MaxRank
			for k := range int64(max(n, 0)) {
				if k == tensor.MaxRank {
					break
				}
				l.axes = append(l.axes, k)
			}
		}
		return l, nil
	}
	return s.complete(l, !input(in, 3).Absent, !input(in, 4).Absent)
}

// complete sets the default axes and steps and checks the lengths.
func (s *slicing) complete(l sliceInts, hasAxes, hasSteps bool) (sliceInts, error) {
	n := len(l.starts)
	if n > tensor.MaxRank {
		return l, Invalidf("%d axes are sliced", n)
	}
	if !hasAxes {
		l.axes = make([]int64, n)
		for i := range l.axes {
			l.axes[i] = int64(i)
		}
	}
	if !hasSteps {
		l.steps = make([]int64, n)
		for i := range l.steps {
			l.steps[i] = 1
		}
	}
	if len(l.ends) != n || len(l.axes) != n || len(l.steps) != n {
		return l, Invalidf("starts, ends, axes and steps have %d, %d, %d and %d elements",
			n, len(l.ends), len(l.axes), len(l.steps))
	}
	return l, nil
}

func (s *slicing) types(in []Value) ([]Value, error) {
	v := in[0]
	l, err := s.ints(in)
	if err != nil {
		return nil, err
	}
	if !v.Ranked {
		return []Value{Unranked(v.DType)}, nil
	}
	if !l.axesKnown {
		return []Value{dimsOfRank(v.DType, len(v.Shape))}, nil
	}
	axes, err := axesOf(l.axes, len(v.Shape))
	if err != nil {
		return nil, err
	}
	shape := v.Shape.Clone()
	for i, k := range axes {
		if !l.known || shape[k] < 0 {
			shape[k] = tensor.Unknown
			continue
		}
		sp, err := cutOf(l.starts[i], l.ends[i], l.steps[i], shape[k])
		if err != nil {
			return nil, err
		}
		shape[k] = sp.count
	}
	return []Value{Of(v.DType, shape...)}, nil
}

func (s *slicing) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	l, err := s.ints(knownAll(in))
	if err != nil {
		return nil, err
	}
	axes, err := axesOf(l.axes, in[0].Rank())
	if err != nil {
		return nil, err
	}
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	strides, at := in[0].Shape().Strides(), 0
	for i, k := range axes {
		sp, err := cutOf(l.starts[i], l.ends[i], l.steps[i], in[0].Dim(k))
		if err != nil {
			return nil, err
		}
		at += sp.start * strides[k]
		strides[k] *= sp.step
	}
	walk(m, out[0].Shape, out[0].Shape.Strides(), strides, 0, at)
	return []*tensor.Tensor{dst}, nil
}
