package plan

import "larder/model/tensor"

// Layout says how the elements of a value lie in memory.
type Layout uint8

// The layouts. In both, a row is rounded up to a multiple of [Lanes] floats.
const (
	// Rows is row-major; a row is the last dimension.
	Rows Layout = iota
	// Picture moves the channels, dimension 1, to the end: NCHW becomes NHWC. A
	// row is the channels of a pixel.
	Picture
)

// String returns the layout's name.
func (l Layout) String() string {
	if l == Picture {
		return "picture"
	}
	return "rows"
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

// bytes is the size in memory.
func (g grid) bytes() int { return g.count * g.stride() * floatBytes }

// Floats returns how many floats a value takes in memory.
func (l Layout) Floats(shape tensor.Shape) int { return gridOf(l, shape).bytes() / floatBytes }

// Store writes the elements of a row-major tensor to memory.
func (l Layout) Store(to, from []float32, shape tensor.Shape) {
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

// Load is the inverse of Store.
func (l Layout) Load(to, from []float32, shape tensor.Shape) {
	g := gridOf(l, shape)
	stride := g.stride()
	if l == Rows {
		for r := range g.count {
			copy(to[r*g.length:(r+1)*g.length], from[r*stride:])
		}
		return
	}
	pixels := pixelsOf(shape)
	for i := range g.count {
		image, pixel := i/pixels, i%pixels
		row := from[i*stride : (i+1)*stride]
		for c := range g.length {
			to[(image*g.length+c)*pixels+pixel] = row[c]
		}
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
