package op

import "larder/model/tensor"

// lanes divides a tensor into groups of elements that agree in all dimensions
// but some: the elements that a reduction or a normalisation takes together.
type lanes struct {
	// starts has the place of each group's first element, in row-major order;
	// steps the distance of each member from it.
	starts, steps []int
}

// lanesOf returns the lanes along the axes that are set. The tensor exists, so
// both lists together are not longer than it, but for empty tensors.
func lanesOf(shape tensor.Shape, along []bool) lanes {
	l := lanes{[]int{0}, []int{0}}
	for i, d := range shape { // so that nothing is listed and dropped again
		if d == 0 && along[i] {
			l.steps = nil
		} else if d == 0 {
			l.starts = nil
		}
	}
	for i, stride := range shape.Strides() {
		to := &l.starts
		if along[i] {
			to = &l.steps
		}
		*to = outer(*to, shape[i], stride)
	}
	return l
}

// outer returns each place followed by n-1 others, stride apart.
func outer(places []int, n, stride int) []int {
	if n == 1 {
		return places
	}
	out := make([]int, 0, len(places)*n)
	for _, p := range places {
		for i := range n {
			out = append(out, p+i*stride)
		}
	}
	return out
}

// readLane copies lane i of x to row, which has as many elements as a lane.
func readLane[T, R numeric](l *lanes, i int, x []T, row []R) {
	at := l.starts[i]
	for k, s := range l.steps {
		row[k] = R(x[at+s])
	}
}

// writeLane copies row to lane i of x.
func writeLane[T, R numeric](l *lanes, i int, x []T, row []R) {
	at := l.starts[i]
	for k, s := range l.steps {
		x[at+s] = T(row[k])
	}
}

// oneAxis returns the set that holds the axis only.
func oneAxis(axis, rank int) []bool {
	set := make([]bool, rank)
	set[axis] = true
	return set
}
