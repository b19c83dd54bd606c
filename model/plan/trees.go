package plan

import (
	"fmt"

	"larder/model/graph"
	"larder/model/kernel"
	"larder/model/tensor"
)

// lowerTrees lowers larder.TreeSum, which pass.Trees makes.
func lowerTrees(b *builder, n *graph.Node) bool {
	in, ok := b.shape(n.Inputs[0])
	table := b.constant(n.Inputs[1])
	targets, err := n.Attrs.Int("targets", 0)
	columns, err2 := n.Attrs.Int("columns", 0)
	if !ok || table == nil || table.DType() != tensor.Int16 || err != nil || err2 != nil || len(in) == 0 {
		return false
	}
	rows, cols := elems(in[:len(in)-1]), in[len(in)-1]
	columns = int64(lanesUp(int(columns)))
	x := b.in(n.Inputs[0], Plain)
	forest := b.weight(n.Inputs[1], asIs(table.Len()/2))
	out := b.out(n.Outputs[0], Plain)
	bytes := kernel.TreeScratch(int(columns), int(targets))
	scratch := b.needScratch(bytes)
	b.kernel(rows*treeSteps(table), func() call {
		return call{kernel.TreeSum, kernel.TreeArgs{Input: x.at(), InputStride: uint32(cols * floatBytes), Rows: uint32(rows), Columns: uint32(columns),
			Output: out.at(), OutputStride: uint32(int(targets) * floatBytes), Targets: uint32(targets), Forest: forest.at(),
			Scratch: scratch(), ScratchBytes: uint32(bytes)}}
	}, x, forest, out)
	return true
}

// treeSteps estimates the work for a row, in operations: a handful for each
// step down a tree.
func treeSteps(table *tensor.Tensor) int {
	const operations, depth = 4, 8
	return int(tensor.Data[int16](table)[0]) * operations * depth
}

// asIs is a constant of 32-bit words that needs no arranging.
type asIs int

func (n asIs) floats() int    { return int(n) }
func (n asIs) String() string { return fmt.Sprint("words", int(n)) }

func (n asIs) pack(m *packer) error {
	return m.wholeShorts(n, func(to, from []int16) { copy(to, from) })
}
