package op

import "larder/model/tensor"

// mover copies elements between two tensors of one element type. It is the one
// place that knows all element types, so that operators which only move data
// are written once.
type mover interface {
	// move copies n consecutive elements from position src to position dst.
	move(dst, src, n int)
	// fill sets every element of the destination to the source's element src.
	fill(src int)
	// line copies n elements that lie dstStep and srcStep apart.
	line(dst, src, dstStep, srcStep, n int)
}

// moverOf returns a mover from src to dst. It fails if the types differ.
func moverOf(dst, src *tensor.Tensor) (mover, error) {
	if dst.DType() != src.DType() {
		return nil, Invalidf("element types %v and %v differ", dst.DType(), src.DType())
	}
	switch d := dst.Any().(type) {
	case []float32:
		return slab[float32]{d, tensor.Data[float32](src)}, nil
	case []float64:
		return slab[float64]{d, tensor.Data[float64](src)}, nil
	case []tensor.Half:
		return slab[tensor.Half]{d, tensor.Data[tensor.Half](src)}, nil
	case []tensor.Brain:
		return slab[tensor.Brain]{d, tensor.Data[tensor.Brain](src)}, nil
	case []int8:
		return slab[int8]{d, tensor.Data[int8](src)}, nil
	case []int16:
		return slab[int16]{d, tensor.Data[int16](src)}, nil
	case []int32:
		return slab[int32]{d, tensor.Data[int32](src)}, nil
	case []int64:
		return slab[int64]{d, tensor.Data[int64](src)}, nil
	case []uint8:
		return slab[uint8]{d, tensor.Data[uint8](src)}, nil
	case []uint16:
		return slab[uint16]{d, tensor.Data[uint16](src)}, nil
	case []uint32:
		return slab[uint32]{d, tensor.Data[uint32](src)}, nil
	case []uint64:
		return slab[uint64]{d, tensor.Data[uint64](src)}, nil
	case []bool:
		return slab[bool]{d, tensor.Data[bool](src)}, nil
	case []string:
		return slab[string]{d, tensor.Data[string](src)}, nil
	case []complex64:
		return slab[complex64]{d, tensor.Data[complex64](src)}, nil
	case []complex128:
		return slab[complex128]{d, tensor.Data[complex128](src)}, nil
	}
	return nil, Unsupportedf("element type %v", dst.DType())
}

// slab is the mover of one element type.
type slab[T tensor.Element] struct{ to, from []T }

func (s slab[T]) move(dst, src, n int) { copy(s.to[dst:dst+n], s.from[src:src+n]) }

func (s slab[T]) fill(src int) {
	v := s.from[src]
	for i := range s.to {
		s.to[i] = v
	}
}

func (s slab[T]) line(dst, src, dstStep, srcStep, n int) {
	if dstStep == 1 && srcStep == 1 {
		s.move(dst, src, n)
		return
	}
	for range n {
		s.to[dst] = s.from[src]
		dst, src = dst+dstStep, src+srcStep
	}
}

// walk copies a box of the given shape: the element at index i goes from
// srcAt + Σ i[k]·src[k] to dstAt + Σ i[k]·dst[k].
func walk(m mover, shape, dst, src []int, dstAt, srcAt int) {
	for _, d := range shape {
		if d == 0 {
			return // also spares the loops over the other dimensions
		}
	}
	walkBox(m, shape, dst, src, dstAt, srcAt)
}

// walkBox is walk for a shape without zeros.
func walkBox(m mover, shape, dst, src []int, dstAt, srcAt int) {
	switch len(shape) {
	case 0:
		m.move(dstAt, srcAt, 1)
		return
	case 1:
		m.line(dstAt, srcAt, dst[0], src[0], shape[0])
		return
	}
	for range shape[0] {
		walkBox(m, shape[1:], dst[1:], src[1:], dstAt, srcAt)
		dstAt, srcAt = dstAt+dst[0], srcAt+src[0]
	}
}

// moved allocates a tensor of the type and shape of v and returns it with a
// mover from src.
func moved(v Value, src *tensor.Tensor) (*tensor.Tensor, mover, error) {
	dst, err := tensor.New(v.DType, v.Shape...)
	if err != nil {
		return nil, nil, Invalidf("%v", err)
	}
	m, err := moverOf(dst, src)
	return dst, m, err
}

// odometer counts through all indices of a shape in row-major order.
type odometer struct{ shape, at []int }

func newOdometer(shape []int) *odometer { return &odometer{shape, make([]int, len(shape))} }

// next steps to the following index.
func (o *odometer) next() {
	for k := len(o.at) - 1; k >= 0; k-- {
		if o.at[k]++; o.at[k] < o.shape[k] {
			return
		}
		o.at[k] = 0
	}
}
