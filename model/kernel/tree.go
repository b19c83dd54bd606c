package kernel

import (
	"math"

	"larder/model/kernel/wasm"
)

// TreeArgs are the arguments of tree-sum, which adds up the values of one leaf
// per tree. The forest is packed as model/op does it (tree_pack.go says how).
//
//	for each block of TreeBlock rows
//	  order the features of its rows, as integers, in groups of 8 rows
//	  for each tree, for each group: 8 walks at once, their values added
//	  write the sums
//
// The walks have no branches: each takes as many steps as the tree is deep. The
// order of the trees is that of the forest, so that sums round as they should.
type TreeArgs struct {
	Input, InputStride   uint32 // address, bytes from row to row
	Rows, Columns        uint32 // features of a row that count, a multiple of 4
	Output, OutputStride uint32
	Targets              uint32 // sums of a row
	Forest               uint32 // address
	Scratch              uint32 // address
	ScratchBytes         uint32 // of one thread: see TreeScratch
}

// Words implements [Arguments].
func (a TreeArgs) Words() []uint32 { return words(a) }

const (
	// treeGroup is the rows that walk at once: as many chains of loads as hide
	// each other's latency, and as few as fit the registers.
	treeGroup = 8
	// TreeBlock is the rows that walk through a tree while it is in the cache.
	TreeBlock = 8 * treeGroup
	// treeLane is the bytes of one feature, or sum, of a group.
	treeLane = 4 * treeGroup
	// treeLeaf is the order behind +Inf, where the numbers of leaves begin.
	treeLeaf = 0x7f800001
	// treeHeader is the bytes of a tree's header.
	treeHeader = 20
)

// TreeScratch is the scratch of each thread: every feature twice, and the sums.
func TreeScratch(columns, targets int) int {
	return TreeBlock / treeGroup * treeLane * (2*columns + targets)
}

func emitTrees(b *builder) *wasm.Func {
	order, walk, write := emitTreeOrder(b.m), emitTreeWalk(b.m), emitTreeWrite(b.m)
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a TreeArgs
	p := frameOf(f.Param(0), &a)
	unit, unitEnd, local, group, groups, sums, tree, trees := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	size, lanes := f.Int(), f.Int()
	local.Set(p.word(&a.Scratch).Add(thread.Mul(p.word(&a.ScratchBytes))))
	size.Set(p.word(&a.Columns).Mul(wasm.Const(2 * treeLane)))
	lanes.Set(p.word(&a.Targets).Mul(wasm.Const(treeLane)))
	sums.Set(local.Add(size.Mul(wasm.Const(TreeBlock / treeGroup))))
	unitEnd.Set(p.word(&a.Rows).Add(wasm.Const(TreeBlock - 1)).Div(wasm.Const(TreeBlock)))
	unit.Set(share(unitEnd, thread.Value(), threads))
	unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
	f.While(unit.Lt(unitEnd.Value()), func() {
		f.Call(order, p.at.Value(), unit.Mul(wasm.Const(TreeBlock)), local.Value())
		group.Set(sums.Value())
		fillRun(f, group, endOf(f, sums, lanes.Mul(wasm.Const(TreeBlock/treeGroup))), zero)
		groups.Set(p.word(&a.Rows).Sub(unit.Mul(wasm.Const(TreeBlock))).Add(wasm.Const(treeGroup - 1)).Div(wasm.Const(treeGroup)).Min(wasm.Const(TreeBlock / treeGroup)))
		tree.Set(p.word(&a.Forest).Add(wasm.Const(4)))
		trees.Set(p.word(&a.Forest).Load(0))
		f.While(trees.Value(), func() {
			f.For(group, wasm.Const(0), groups.Value(), 1, func() {
				f.Call(walk, p.word(&a.Forest), tree.Value(), local.Add(group.Mul(size.Value())), sums.Add(group.Mul(lanes.Value())))
			})
			tree.Inc(treeHeader)
			trees.Inc(-1)
		})
		f.Call(write, p.at.Value(), unit.Mul(wasm.Const(TreeBlock)), sums.Value())
		unit.Inc(1)
	})
	return f
}

// endOf returns a variable that is size bytes behind at.
func endOf(f *wasm.Func, at wasm.IntVar, size wasm.Int) wasm.IntVar {
	end := f.Int()
	end.Set(at.Add(size))
	return end
}

// emitTreeOrder adds order(args, row, to): the features of a block of rows as
// integers of the same order, NaN as the least, and again with NaN as more than
// infinity. Rows behind the last one are like it.
func emitTreeOrder(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	row, to := f.Param(1), f.Param(2)
	var a TreeArgs
	p := frameOf(f.Param(0), &a)
	i, v, in, out, half := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	x, key, low, high := f.Vec(), f.Vec(), f.Vec(), f.Vec()
	half.Set(p.word(&a.Columns).Mul(wasm.Const(treeLane)))
	f.For(i, wasm.Const(0), wasm.Const(TreeBlock), 1, func() {
		in.Set(p.word(&a.Input).Add(row.Add(i.Value()).Min(p.word(&a.Rows).Sub(wasm.Const(1))).Mul(p.word(&a.InputStride))))
		out.Set(to.Add(i.Div(wasm.Const(treeGroup)).Mul(half.Shl(1))).Add(i.Rem(wasm.Const(treeGroup)).Shl(2)))
		f.For(v, wasm.Const(0), p.word(&a.Columns), 4, func() {
			x.Set(in.LoadVec(0).Add(zero)) // -0 becomes 0
			key.Set(x.Value().Lt(zero).Choose(wasm.Lanes(math.MaxUint32).SubInt(x.Value().Abs()), x.Value()))
			low.Set(x.Value().Eq(x.Value()).Choose(key.Value(), wasm.Lanes(1<<31)))
			high.Set(x.Value().Eq(x.Value()).Choose(key.Value(), wasm.Lanes(treeLeaf)))
			for lane := range 4 {
				f.StoreLane(out.Value(), lane*treeLane, low.Value(), byte(lane))
				f.StoreLane(out.Add(half.Value()), lane*treeLane, high.Value(), byte(lane))
			}
			in.Inc(16)
			out.Inc(4 * treeLane)
		})
	})
	return f
}

// emitTreeWalk adds walk(forest, header, features, sums): a group of rows through
// one tree.
func emitTreeWalk(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	forest, header, x, sums := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	at, nodes, depth, votes, way := f.Ints(treeGroup), f.Int(), f.Int(), f.Int(), f.Int()
	nodes.Set(forest.Add(header.Load(0)))
	for _, n := range at {
		n.Set(nodes.Value())
	}
	depth.Set(header.Load(8))
	f.While(depth.Value(), func() {
		for i, n := range at {
			way.Set(n.Load(4))
			feature := x.Add(way.And(wasm.Const(0x7fe0))).Load(4 * i)
			n.Set(way.Shr(15).Add(n.Load(0).LtS(feature)).Shl(3).Add(nodes.Value()))
		}
		depth.Inc(-1)
	})
	votes.Set(header.Load(12))
	for _, n := range at { // where the values of the leaf are
		n.Set(forest.Add(header.Load(4)).Add(n.Load(0).Sub(wasm.Const(treeLeaf)).Mul(votes.Value()).Shl(2)))
	}
	sums.Set(sums.Add(header.Load(16).Mul(wasm.Const(treeLane))))
	f.While(votes.Value(), func() {
		for i, n := range at {
			f.StoreLane(sums.Value(), 4*i, sums.Value().LoadLane(4*i).Add(n.Value().LoadLane(0)), 0)
			n.Inc(4)
		}
		sums.Inc(treeLane)
		votes.Inc(-1)
	})
	return f
}

// emitTreeWrite adds write(args, row, sums): the sums of a block of rows.
func emitTreeWrite(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32, wasm.I32, wasm.I32)
	row, sums := f.Param(1), f.Param(2)
	var a TreeArgs
	p := frameOf(f.Param(0), &a)
	i, n, t, in, out := f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	n.Set(p.word(&a.Rows).Sub(row.Value()).Min(wasm.Const(TreeBlock)))
	f.For(i, wasm.Const(0), n.Value(), 1, func() {
		in.Set(sums.Add(i.Div(wasm.Const(treeGroup)).Mul(p.word(&a.Targets)).Mul(wasm.Const(treeLane))).Add(i.Rem(wasm.Const(treeGroup)).Shl(2)))
		out.Set(p.word(&a.Output).Add(row.Add(i.Value()).Mul(p.word(&a.OutputStride))))
		f.For(t, wasm.Const(0), p.word(&a.Targets), 1, func() {
			f.Store(out.Value(), 0, in.Load(0))
			in.Inc(treeLane)
			out.Inc(4)
		})
	})
	return f
}
