package op

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"larder/model/tensor"
)

// rightCases are the right calls that mutation starts from.
func rightCases() []opCase {
	to := opCase{typ: "Cast", attrs: Attrs{"to": int64(7)}, in: tensors{count(2, 2)}}
	like := opCase{typ: "CastLike", in: tensors{count(2), tensor.Vector(true)}}
	bits := opCase{typ: "BitCast", opset: 26, attrs: Attrs{"to": int64(7)}, in: tensors{of(dims(2), 1.5, -2.0)}}
	return slices.Concat(moveCases, quantizeCases, mlCases, compositeCases, svmCases, textCases, networkCases, contribCases, opset1Cases, []opCase{to, like, bits})
}

// TestMutated spoils right calls in one or more places: nothing panics, every
// error is typed, and Infer agrees with Run.
func TestMutated(t *testing.T) {
	cases := rightCases()
	r := rand.New(rand.NewPCG(3, 4))
	trials := 40_000
	if testing.Short() { // Node
		trials = 10_000
	}
	for i := range trials {
		c := mutate(r, cases[i%len(cases)])
		tryCase(t, c, map[string]bool{})
		if t.Failed() {
			t.Fatalf("%s opset %d %v of %v", c.typ, c.opset, c.attrs, c.in)
		}
	}
}

// TestRightCasesCoverTables checks that each operator that TestMutated shall
// spoil has a right call.
func TestRightCasesCoverTables(t *testing.T) {
	has := map[[2]string]bool{}
	for _, c := range rightCases() {
		has[[2]string{c.domain, c.typ}] = true
	}
	for _, e := range slices.Concat(reshapeOps, layoutOps, sliceOps, gatherOps, repeatOps, padOps, scatterOps, chooseOps,
		resizeOps, constantOps, castOps, quantizeOps, quantizedOps, treeOps, linearOps, featureOps, labelOps, dictOps, sequenceOps, optionalOps, textOps, svmOps,
		lossOps, attentionOps, rotaryOps, recurrentOps, sampleOps, detectOps, signalOps, stateOps, placeOps, squareOps,
		contribOps, contribQuantOps) {
		if !has[[2]string{e.Domain, e.Type}] && !noCase[e.Type] {
			t.Errorf("%s has no right call", e.Type)
		}
	}
}

// noCase lists operators of which ONNX Runtime runs no case: each is like another
// that has one.
var noCase = map[string]bool{"FlexAttention": true, "NhwcConv": true, "NhwcFusedConv": true, "QLinearReduceMean": true}

// FuzzMutated is TestMutated for a fuzzer.
func FuzzMutated(f *testing.F) {
	f.Add(uint64(1))
	cases := rightCases()
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		tryCase(t, mutate(r, cases[r.IntN(len(cases))]), map[string]bool{})
	})
}

// mutate returns c with a few changes.
func mutate(r *rand.Rand, c opCase) opCase {
	c.attrs, c.in = maps.Clone(c.attrs), slices.Clone(c.in)
	for range 1 + r.IntN(3) {
		switch k := r.IntN(8); {
		case k == 0:
			c.opset = 1 + r.IntN(26)
		case k == 1:
			c.outputs = 1 + r.IntN(4)
		case k < 4 && len(c.attrs) > 0:
			names := slices.Sorted(maps.Keys(c.attrs))
			name := names[r.IntN(len(names))]
			if c.attrs[name] = otherAttr(r, c.attrs[name]); c.attrs[name] == nil {
				delete(c.attrs, name)
			}
		case k < 5 && len(c.in) > 0:
			c.in[r.IntN(len(c.in))] = nil
		case len(c.in) > 0:
			i := r.IntN(len(c.in))
			c.in[i] = otherTensor(r, c.in[i])
		}
	}
	return c
}

// extremes are numbers at which index arithmetic breaks.
var extremes = []int64{0, 1, -1, 2, -2, 3, 7, 1 << 20, 1 << 31, -1 << 31, 1<<63 - 1, -1 << 63}

func otherAttr(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case int64:
		return extremes[r.IntN(len(extremes))]
	case float32:
		return []float32{0, -1, 1e30, float32(math.NaN()), float32(math.Inf(1))}[r.IntN(5)]
	case string:
		return []string{"", "linear", "cubic", "edge", "min", "SOFTMAX", "half_pixel", "tf_crop_and_resize"}[r.IntN(8)]
	case []int64:
		return otherList(r, v, extremes)
	case []float32:
		return otherList(r, v, []float32{0, -1, 2.5, float32(math.NaN()), 1e30})
	case []string:
		return otherList(r, v, []string{"", "LEAF", "BRANCH_EQ", "x"})
	case *tensor.Tensor:
		if t := otherTensor(r, v); t != nil {
			return t
		}
	}
	return nil
}

// otherList changes, drops or repeats an element.
func otherList[T any](r *rand.Rand, v, from []T) []T {
	v = slices.Clone(v)
	switch {
	case len(v) == 0 || r.IntN(4) == 0:
		return append(v, from[r.IntN(len(from))])
	case r.IntN(4) == 0:
		return v[1:]
	}
	v[r.IntN(len(v))] = from[r.IntN(len(from))]
	return v
}

// otherTensor changes a number, the type or the shape.
func otherTensor(r *rand.Rand, t *tensor.Tensor) *tensor.Tensor {
	if t == nil {
		return count(1 + r.IntN(3))
	}
	if t.DType().Composite() {
		return otherComposite(r, t)
	}
	switch r.IntN(3) {
	case 0:
		d := []tensor.DType{tensor.Float32, tensor.Float16, tensor.Float64, tensor.Int64, tensor.Int32, tensor.Uint8, tensor.Bool, tensor.String, tensor.Int4, tensor.Uint2, tensor.Float8E4M3FN, tensor.Float4E2M1}
		if o, err := castTensor(t, d[r.IntN(len(d))]); err == nil {
			return o
		}
	case 1:
		if x, ok := t.Any().([]int64); ok && len(x) > 0 {
			x = slices.Clone(x)
			x[r.IntN(len(x))] = extremes[r.IntN(len(extremes))]
			return of(t.Shape(), x...)
		}
		if x, ok := t.Any().([]float32); ok && len(x) > 0 {
			x = slices.Clone(x)
			x[r.IntN(len(x))] = []float32{0, -1, 1e-30, 1e30, float32(math.NaN()), float32(math.Inf(1))}[r.IntN(6)]
			return of(t.Shape(), x...)
		}
	}
	return randomOf(r, t.DType(), randomShape(r))
}

// otherComposite changes the kind of a value, or one of its parts.
func otherComposite(r *rand.Rand, t *tensor.Tensor) *tensor.Tensor {
	items := slices.Clone(t.Items())
	switch {
	case r.IntN(3) == 0 || len(items) == 0:
		return []*tensor.Tensor{tensor.SequenceOf(), tensor.OptionalOf(nil), tensor.OptionalOf(t), count(2), aMap}[r.IntN(5)]
	case t.DType() == tensor.Map:
		if m, err := tensor.MapOf(otherTensor(r, items[0]), otherTensor(r, items[1])); err == nil {
			return m
		}
		return aMap
	}
	items[r.IntN(len(items))] = otherTensor(r, items[0])
	if t.DType() == tensor.Optional {
		return tensor.OptionalOf(items[0])
	}
	return tensor.SequenceOf(items...)
}
