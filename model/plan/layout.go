package plan

import "larder/model/tensor"

// Layout says how the elements of a value lie in memory.
type Layout uint8

// The layouts.
const (
	// Plain is row-major without gaps, as tensors are. Values are in it on their
	// way between the Go side and the other layouts, or when they are reshaped.
	Plain Layout = iota
	// Rows is row-major; a row, the last dimension, is rounded up to a multiple
	// of [Lanes] floats.
	Rows
	// Picture moves the channels, dimension 1, to the end: NCHW becomes NHWC. A
	// row is the channels of a pixel, rounded up in the same way.
	Picture
	layouts
)

// String returns the layout's name.
func (l Layout) String() string {
	return [layouts]string{"plain", "rows", "picture"}[l]
}

// Lanes is the number of floats in a vector.
const Lanes = 4

// floatBytes is the size of an element; everything in the arena is a float32.
const floatBytes = 4

// lanesUp rounds n up to whole vectors.
func lanesUp(n int) int { return (n + Lanes - 1) / Lanes * Lanes }

// grid is a value as rows: count of them, each of length elements.
type grid struct{ count, length int }

// gridOf returns the rows of a shape in a layout.
func gridOf(l Layout, shape tensor.Shape) grid {
	if len(shape) == 0 {
		return grid{1, 1}
	}
	axis := len(shape) - 1
	if l == Picture {
		axis = 1
	}
	g := grid{1, shape[axis]}
	for i, d := range shape {
		if i != axis {
			g.count *= d
		}
	}
	return g
}

// stride is the floats from row to row.
func (g grid) stride() int { return lanesUp(g.length) }

// joined returns the same elements as a single row, if there are no gaps.
func (g grid) joined() grid {
	if g.length%Lanes != 0 {
		return g
	}
	return grid{1, g.count * g.length}
}

// floats returns how many floats a value takes in memory.
func (l Layout) floats(shape tensor.Shape) int {
	g := gridOf(l, shape)
	if l == Plain {
		return g.count * g.length
	}
	return g.count * g.stride()
}

// store writes the elements of a row-major tensor to memory.
func (l Layout) store(to, from []float32, shape tensor.Shape) {
	if l == Plain {
		copy(to, from)
		return
	}
	g := gridOf(l, shape)
	stride := g.stride()
	if l == Rows {
		for r := range g.count {
			row := to[r*stride : (r+1)*stride]
			clear(row[copy(row, from[r*g.length:(r+1)*g.length]):])
		}
		return
	}
	pixels := pixelsOf(shape)
	for i := range g.count {
		image, pixel := i/pixels, i%pixels
		row := to[i*stride : (i+1)*stride]
		for c := range g.length {
			row[c] = from[(image*g.length+c)*pixels+pixel]
		}
		clear(row[g.length:])
	}
}

// pixelsOf returns the spatial size of a picture.
func pixelsOf(shape tensor.Shape) int {
	n := 1
	for _, d := range shape[2:] {
		n *= d
	}
	return n
}

// dims returns the sizes of a value in the order of a layout.
func (l Layout) dims(shape tensor.Shape) []int {
	if l != Picture {
		return shape.Clone()
	}
	d := []int{shape[0]}
	return append(append(d, shape[2:]...), shape[1])
}

// axis returns where a dimension is in the order of a layout.
func (l Layout) axis(i, rank int) int {
	switch {
	case l != Picture || i == 0:
		return i
	case i == 1:
		return rank - 1
	}
	return i - 1
}

// strides returns the bytes between neighbours along each of dims, which are in
// the order of a layout with rounded rows.
func strides(dims []int) []int {
	s := make([]int, len(dims))
	step := floatBytes
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = step
		if i == len(dims)-1 {
			step *= lanesUp(dims[i])
		} else {
			step *= dims[i]
		}
	}
	return s
}
