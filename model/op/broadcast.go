package op

import (
	"larder/model/tensor"
)

// broadcastOf returns what is known of a result of type d to which all values
// broadcast. Absent ones do not count.
func broadcastOf(d tensor.DType, vs ...Value) (Value, error) {
	out := Of(d)
	for _, v := range vs {
		if v.Absent {
			continue
		}
		if !v.Ranked {
			return Unranked(d), nil
		}
		s, ok := tensor.Broadcast(out.Shape, v.Shape)
		if !ok {
			return out, Invalidf("shapes %v and %v do not broadcast", out.Shape, v.Shape)
		}
		out.Shape = s
	}
	return out, nil
}

// broadcastTo checks that v, if known, broadcasts to to without enlarging it.
func broadcastTo(what string, v Value, to tensor.Shape) error {
	if v.Absent || !v.Ranked {
		return nil
	}
	s, ok := tensor.Broadcast(to, v.Shape)
	if ok && len(s) == len(to) {
		for i, d := range s {
			ok = ok && (to[i] < 0 || d < 0 || d == to[i])
		}
	}
	if !ok || len(s) != len(to) {
		return Invalidf("%s of shape %v does not broadcast to %v", what, v.Shape, to)
	}
	return nil
}

// stepsOf returns how far apart the elements of a tensor of shape s lie along
// each dimension of out, to which it broadcasts: 0 where it repeats.
func stepsOf(s, out tensor.Shape) []int {
	steps := make([]int, len(out))
	strides := s.Strides()
	for i := range s {
		if s[i] != 1 {
			steps[i+len(out)-len(s)] = strides[i]
		}
	}
	return steps
}

// rows walks several tensors that are broadcast to one shape, row by row.
type rows struct {
	shape []int   // at least one dimension; the last one is the row
	steps [][]int // for each tensor, by dimension
}

// rowsOf returns the walk over out. Neighbouring dimensions that all tensors
// step through evenly are joined, so that rows are long.
func rowsOf(out tensor.Shape, in ...tensor.Shape) rows {
	r := rows{steps: make([][]int, len(in))}
	steps := make([][]int, len(in))
	for t := range in {
		steps[t] = stepsOf(in[t], out)
	}
	for i, d := range out {
		if d == 1 {
			continue
		}
		join := len(r.shape) > 0
		for t := range in {
			join = join && r.steps[t][len(r.shape)-1] == steps[t][i]*d
		}
		if !join {
			r.shape = append(r.shape, 1)
			for t := range in {
				r.steps[t] = append(r.steps[t], 0)
			}
		}
		last := len(r.shape) - 1
		r.shape[last] *= d
		for t := range in {
			r.steps[t][last] = steps[t][i]
		}
	}
	if len(r.shape) == 0 {
		r.shape = []int{1}
		for t := range in {
			r.steps[t] = []int{0}
		}
	}
	return r
}

// row returns the length of a row and each tensor's step in it.
func (r *rows) row() (n int, steps []int) {
	last := len(r.shape) - 1
	steps = make([]int, len(r.steps))
	for t := range steps {
		steps[t] = r.steps[t][last]
	}
	return r.shape[last], steps
}

// each calls f for every row with the place of its first element in each
// tensor. Rows come in the order of the result. f must not keep at.
func (r *rows) each(f func(at []int)) {
	outer := r.shape[:len(r.shape)-1]
	index, at := make([]int, len(outer)), make([]int, len(r.steps))
	for n := product(outer); n > 0; n-- {
		f(at)
		for k := len(outer) - 1; k >= 0; k-- {
			index[k]++
			carry := index[k] == outer[k]
			back := 0
			if carry {
				back, index[k] = outer[k], 0
			}
			for t := range at {
				at[t] += r.steps[t][k] * (1 - back)
			}
			if !carry {
				break
			}
		}
	}
}

// zip returns a tensor of the given shape that holds f of each pair of elements
// of a and b, which broadcast to it.
func zip[A, B, C tensor.Element](a, b *tensor.Tensor, shape tensor.Shape, f func(A, B) C) *tensor.Tensor {
	t, out := blank[C](shape)
	if len(out) == 0 {
		return t
	}
	da, db := tensor.Data[A](a), tensor.Data[B](b)
	r := rowsOf(shape, a.Shape(), b.Shape())
	n, step := r.row()
	r.each(func(at []int) {
		to := out[:n]
		out = out[n:]
		ia, ib := at[0], at[1]
		for i := range to {
			to[i] = f(da[ia], db[ib])
			ia += step[0]
			ib += step[1]
		}
	})
	return t
}
