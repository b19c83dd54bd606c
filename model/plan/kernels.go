package plan

import "larder/model/kernel"

// call is a kernel with its arguments.
type call struct {
	number kernel.Number
	args   kernel.Arguments
}

// words returns the step as it lies in memory.
func (c call) words() []uint32 { return kernel.AppendStep(nil, c.number, c.args) }

// bytes is the size of the step.
func (c call) bytes() int { return 4 * len(c.words()) }

// The numbers of a grid as kernels want them.

// rowBytes is the bytes from row to row.
func (g grid) rowBytes() uint32 { return uint32(g.stride() * floatBytes) }

// vecs is the vectors in a row.
func (g grid) vecs() uint32 { return uint32(g.stride() / Lanes) }

// tail is the lanes of the last vector that count, 0 for all.
func (g grid) tail() uint32 { return uint32(g.length % Lanes) }

// rows is the number of rows.
func (g grid) rows() uint32 { return uint32(g.count) }
