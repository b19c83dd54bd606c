package op

import (
	"math"
	"slices"

	"larder/model/tensor"
)

// fusedAttention is larder.Attention(Q, K, V, mask), attention with the heads
// where the projections leave them, side by side in the row of a token:
//
//	Q [batch, rows, heads, depth], K [batch, keys, kv heads, depth],
//	V [batch, keys, kv heads, value depth]
//	Y [batch, rows, heads, value depth] = softmax(scale·Q·Kᵀ + mask)·V for each head
//
// The mask may be absent and broadcasts to [batch, heads, rows, keys]. Each head
// of K and V serves heads / kv heads neighbouring heads of Q.
type fusedAttention struct{ scale float64 }

func newFusedAttention(n Node) (Operator, error) {
	scale, err := n.Attrs.Float("scale", 1)
	if err != nil {
		return nil, err
	}
	return newRuled(n, arity{3, 4, 1}, fusedAttention{float64(scale)})
}

// types implements [rule].
func (fusedAttention) types(in []Value) ([]Value, error) {
	for _, v := range in {
		if !v.Absent && v.DType != tensor.Float32 && v.DType != tensor.Undefined {
			return nil, Unsupportedf("inputs of type %v in a fused operator", v.DType)
		}
	}
	for i, v := range in[:3] {
		if !v.Ranked {
			return []Value{dimsOfRank(tensor.Float32, 4)}, nil
		}
		if len(v.Shape) != 4 {
			return nil, Invalidf("input %d of an attention has rank %d, want 4", i, len(v.Shape))
		}
	}
	q, k, v := in[0].Shape, in[1].Shape, in[2].Shape
	for _, same := range [][2]int{{q[0], k[0]}, {q[0], v[0]}, {k[1], v[1]}, {k[2], v[2]}, {q[3], k[3]}} {
		if _, ok := mergeDim(same[0], same[1]); !ok {
			return nil, Invalidf("queries %v, keys %v and values %v do not fit", q, k, v)
		}
	}
	if k[2] == 0 || k[1] == 0 || k[2] > 0 && q[2] > 0 && q[2]%k[2] != 0 {
		return nil, Invalidf("%d heads of queries for keys %v", q[2], k)
	}
	return []Value{Of(tensor.Float32, q[0], q[1], q[2], v[3])}, broadcastTo("mask", input(in, 3), tensor.Shape{q[0], q[2], q[1], k[1]})
}

// run implements [rule].
func (f fusedAttention) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	q, k, v := in[0].Shape(), in[1].Shape(), in[2].Shape()
	y, to := blank[float32](out[0].Shape)
	query, key, value := tensor.Data[float32](in[0]), tensor.Data[float32](in[1]), tensor.Data[float32](in[2])
	weights, sums := make([]float64, k[1]), make([]float64, v[3])
	for i := range q[0] * q[1] * q[2] {
		batch, row, head := i/(q[1]*q[2]), i/q[2]%q[1], i%q[2]
		at := func(j int) int { return (batch*k[1]+j)*k[2] + head/(q[2]/k[2]) } // key j of this head
		maskRow(weights, tensorAt(in, 3), tensor.Shape{q[0], q[2], q[1], k[1]}, batch, head, row)
		for j := range weights {
			dot := 0.0
			for d, x := range query[i*q[3]:][:q[3]] {
				dot += float64(x) * float64(key[at(j)*q[3]+d])
			}
			weights[j] += f.scale * dot
		}
		clear(sums)
		total, top := 0.0, slices.Max(weights)
		for j, w := range weights {
			p := math.Exp(w - top)
			total += p
			for d := range sums {
				sums[d] += p * float64(value[at(j)*v[3]+d])
			}
		}
		for d, sum := range sums {
			to[i*v[3]+d] = float32(sum / total)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// maskRow sets to to one row of a mask that broadcasts to a shape; without a
// mask to zeros.
func maskRow(to []float64, mask *tensor.Tensor, shape tensor.Shape, batch, head, row int) {
	clear(to)
	if mask == nil {
		return
	}
	steps, data := stepsOf(mask.Shape(), shape), tensor.Data[float32](mask)
	at := batch*steps[0] + head*steps[1] + row*steps[2]
	for j := range to {
		to[j] = float64(data[at+j*steps[3]])
	}
}
