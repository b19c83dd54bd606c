package op

import (
	"math"
	"testing"

	"larder/model/tensor"
)

// TestFusedAttention compares with numbers worked out by hand: with equal scores
// the result is the mean of the values that the mask leaves.
func TestFusedAttention(t *testing.T) {
	inf := float32(math.Inf(-1))
	q := of(dims(1, 1, 2, 1), float32(1), 0) // two heads of depth 1
	k := of(dims(1, 2, 1, 1), float32(0), float32(math.Log(3)))
	v := of(dims(1, 2, 1, 2), float32(0), 4, 8, 12)
	for _, tt := range []opCase{
		{name: "two heads of one", in: []*tensor.Tensor{q, k, v}, want: []*tensor.Tensor{of(dims(1, 1, 2, 2), float32(6), 10, 4, 8)}},
		{name: "a mask", in: []*tensor.Tensor{q, k, v, of(dims(1, 2), float32(0), inf)}, want: []*tensor.Tensor{of(dims(1, 1, 2, 2), float32(0), 4, 0, 4)}},
		{name: "a scale", attrs: Attrs{"scale": float32(0)}, in: []*tensor.Tensor{q, k, v}, want: []*tensor.Tensor{of(dims(1, 1, 2, 2), float32(4), 8, 4, 8)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.domain, tt.typ, tt.opset = Fused, "Attention", 1
			got, err := runCase(t, tt)
			if err != nil || !same(got[0], tt.want[0], 1e-6) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want[0].Any())
			}
		})
	}
	for _, tt := range []opCase{
		{name: "rank", in: []*tensor.Tensor{of(dims(1, 1), float32(1)), k, v}},
		{name: "depth", in: []*tensor.Tensor{of(dims(1, 1, 1, 2), float32(1), 1), k, v}},
		{name: "keys", in: []*tensor.Tensor{q, k, of(dims(1, 1, 1, 1), float32(1))}},
		{name: "heads", in: []*tensor.Tensor{q, of(dims(1, 1, 3, 1), float32(1), 1, 1), of(dims(1, 1, 3, 1), float32(1), 1, 1)}},
		{name: "no keys", in: []*tensor.Tensor{q, of[float32](dims(1, 0, 1, 1)), of[float32](dims(1, 0, 1, 1))}},
		{name: "mask", in: []*tensor.Tensor{q, k, v, of(dims(1, 3), float32(1), 1, 1)}},
		{name: "type", in: []*tensor.Tensor{of(dims(1, 1, 2, 1), 1.0, 2), k, v}},
	} {
		tt.domain, tt.typ, tt.opset = Fused, "Attention", 1
		if got, err := runCase(t, tt); err == nil {
			t.Errorf("%s: got %v, want an error", tt.name, got)
		}
	}
}
