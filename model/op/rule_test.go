package op

import (
	"testing"

	"larder/model/tensor"
)

// countedRule sums up its input and counts how often.
type countedRule struct{ runs *int }

func (countedRule) types(in []Value) ([]Value, error) { return []Value{Of(tensor.Float32)}, nil }

func (c countedRule) run(in []*tensor.Tensor, _ []Value) ([]*tensor.Tensor, error) {
	*c.runs++
	return []*tensor.Tensor{tensor.Scalar[float32](1)}, nil
}

// TestInferComputesSmallConstants checks what Infer computes: constants, if they
// are few elements and the operator is none that takes long.
func TestInferComputesSmallConstants(t *testing.T) {
	small, large := count(100), count(foldElems)
	tests := []struct {
		name, typ string
		in        []Value
		runs      int
	}{
		{"small", "Sum", []Value{Known(small), Known(small)}, 1},
		{"absent", "Sum", []Value{Known(small), {Absent: true}}, 1},
		{"not constant", "Sum", []Value{Known(small), Of(tensor.Float32, 100)}, 0},
		{"large", "Sum", []Value{Known(large)}, 0}, // with the result it is one too many
		{"large together", "Sum", []Value{Known(large), Known(small)}, 0},
		{"heavy", "Einsum", []Value{Known(small), Known(small)}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runs := 0
			n := Node{Type: tt.typ, Inputs: make([]string, len(tt.in)), Outputs: []string{"y"}}
			o, err := newRuled(n, arity{0, -1, 1}, countedRule{&runs})
			if err != nil {
				t.Fatal(err)
			}
			out, err := o.Infer(tt.in)
			if err != nil || runs != tt.runs || (out[0].Const != nil) != (tt.runs > 0) {
				t.Errorf("%d runs, want %d; %v, %v", runs, tt.runs, out, err)
			}
		})
	}
}

// TestHeavyOperators looks for those that must be in the table under the names
// that the registry knows.
func TestHeavyOperators(t *testing.T) {
	for _, typ := range []string{"Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul", "MaxPool", "Resize"} {
		if !Heavy(typ) || !All().Has("", typ) {
			t.Errorf("%s is not heavy, or no operator", typ)
		}
	}
	for _, typ := range []string{"Add", "Concat", "Gather", "Reshape", "Shape"} {
		if Heavy(typ) || !All().Has("", typ) {
			t.Errorf("%s is heavy, or no operator: it steers shapes", typ)
		}
	}
}
