package op

import (
	"math"

	"larder/model/tensor"
)

// Integers of every width are computed in 64 bits and cut to their width when
// they are stored. Sums, products and shifts to the left wrap around as they do
// in the narrow type, and what cannot wrap fits; so there is one loop for eight
// types. An uint64 keeps its bits in an int64: whatever depends on the order of
// numbers, or divides, has to ask flipOf.

// intRow is how many integers are widened at a time.
const intRow = 256

// flipOf returns the bits that turn the order of int64 into that of d when
// numbers are combined with them by exclusive or.
func flipOf(d tensor.DType) int64 {
	if d == tensor.Uint64 {
		return math.MinInt64
	}
	return 0
}

// intLimits returns the least and the greatest number of an integer type, as
// readInts would read them; bool counts as the numbers 0 and 1.
func intLimits(d tensor.DType) (least, greatest int64) {
	bits := 8 * d.Size()
	switch {
	case d == tensor.Bool:
		return 0, 1
	case signedTypes.has(d):
		return -1 << (bits - 1), 1<<(bits-1) - 1
	}
	return 0, int64(uint64(math.MaxUint64) >> (64 - bits))
}

// readInts sets row[k] to element at + k·step of data, a slice of integers or
// bools.
func readInts(data any, at, step int, row []int64) {
	switch d := data.(type) {
	case []int8:
		widenRow(d, at, step, row)
	case []int16:
		widenRow(d, at, step, row)
	case []int32:
		widenRow(d, at, step, row)
	case []int64:
		widenRow(d, at, step, row)
	case []uint8:
		widenRow(d, at, step, row)
	case []uint16:
		widenRow(d, at, step, row)
	case []uint32:
		widenRow(d, at, step, row)
	case []uint64:
		widenRow(d, at, step, row)
	case []bool:
		for k := range row {
			row[k] = bit(d[at+k*step])
		}
	}
}

func widenRow[T integer](d []T, at, step int, row []int64) {
	for k := range row {
		row[k] = int64(d[at])
		at += step
	}
}

// writeInts sets the elements from at on to the numbers in row; all but 0 are
// true.
func writeInts(data any, at int, row []int64) {
	switch d := data.(type) {
	case []int8:
		cutRow(d, at, row)
	case []int16:
		cutRow(d, at, row)
	case []int32:
		cutRow(d, at, row)
	case []int64:
		cutRow(d, at, row)
	case []uint8:
		cutRow(d, at, row)
	case []uint16:
		cutRow(d, at, row)
	case []uint32:
		cutRow(d, at, row)
	case []uint64:
		cutRow(d, at, row)
	case []bool:
		for k, v := range row {
			d[at+k] = v != 0
		}
	}
}

func cutRow[T integer](d []T, at int, row []int64) {
	for k, v := range row {
		d[at+k] = T(v)
	}
}

// bit returns 1 for true and 0 for false.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// intAt returns element i of a slice of integers or bools.
func intAt(data any, i int) int64 {
	var one [1]int64
	readInts(data, i, 1, one[:])
	return one[0]
}

// readIntLane is readLane for any integers.
func readIntLane(l *lanes, i int, data any, row []int64) {
	at := l.starts[i]
	for k, s := range l.steps {
		readInts(data, at+s, 1, row[k:k+1])
	}
}

// writeIntLane is writeLane for any integers.
func writeIntLane(l *lanes, i int, data any, row []int64) {
	at := l.starts[i]
	for k, s := range l.steps {
		writeInts(data, at+s, row[k:k+1])
	}
}

// mapInts returns a tensor of t's type and shape that holds f of each element.
func mapInts(t *tensor.Tensor, f func(int64) int64) *tensor.Tensor {
	y := blankOf(t.DType(), t.Shape())
	var buf [intRow]int64
	for at, n := 0, t.Len(); at < n; at += intRow {
		row := buf[:min(intRow, n-at)]
		readInts(t.Any(), at, 1, row)
		for k, v := range row {
			row[k] = f(v)
		}
		writeInts(y.Any(), at, row)
	}
	return y
}

// zipInts is zip for any integers; the result has type d.
func zipInts(a, b *tensor.Tensor, d tensor.DType, shape tensor.Shape, f func(x, y int64) int64) *tensor.Tensor {
	t := blankOf(d, shape)
	if t.Len() == 0 {
		return t
	}
	var xs, ys [intRow]int64
	r := rowsOf(shape, a.Shape(), b.Shape())
	n, step := r.row()
	out := 0
	r.each(func(at []int) {
		for from := 0; from < n; from += intRow {
			x, y := xs[:min(intRow, n-from)], ys[:min(intRow, n-from)]
			readInts(a.Any(), at[0]+from*step[0], step[0], x)
			readInts(b.Any(), at[1]+from*step[1], step[1], y)
			for k, v := range y {
				x[k] = f(x[k], v)
			}
			writeInts(t.Any(), out, x)
			out += len(x)
		}
	})
	return t
}

// inInt64 is a rule of sums and products that computes integers in int64: its
// rule sees no other integers in run.
type inInt64 struct{ rule }

func (r inInt64) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	d := in[0].DType()
	if !intTypes.has(d) {
		return r.rule.run(in, out)
	}
	wide := make([]*tensor.Tensor, len(in))
	for i, t := range in {
		if t == nil {
			continue
		}
		var err error
		if wide[i], err = castTensor(t, tensor.Int64); err != nil {
			return nil, err
		}
	}
	res, err := r.rule.run(wide, out)
	if err != nil {
		return nil, err
	}
	return castAs(res[0], d)
}
