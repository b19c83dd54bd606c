package op

import "math"

// A packed forest is what a kernel walks through without branches: 32-bit words
// in this order.
//
//	the number of trees
//	for each tree: where its nodes begin and where its values do (in bytes from
//	the start), its depth, the values of a leaf, the first target
//	for each node of each tree: a threshold; the place of the first child among
//	the tree's nodes, times 2^15, plus the column that it compares, times 32
//	for each leaf of each tree: its values
//
// Floats are compared as integers of the same order (see orderOf). A node goes
// to its first child unless the column's number is greater than the threshold;
// the second child lies behind the first. A leaf is its own first child with a
// threshold that no number exceeds, leafOrder plus its number: so every walk of
// a tree takes as many steps as the tree is deep.
//
// There are two columns for each feature: in the second half NaN counts as
// greater than everything, in the first half as less.

const (
	// leafOrder is behind +Inf: the order of NaN in the second half.
	leafOrder = 0x7f800001
	// packedColumns and packedNodes are the most that a node's word can name.
	packedColumns = 1 << 10
	packedNodes   = 1 << 17
	treeHeader    = 5
)

// orderOf returns an integer that has the place among integers that f has among
// floats. Both zeros are one.
func orderOf(f float32) int32 {
	if f == 0 {
		return 0
	}
	bits := int32(math.Float32bits(f))
	if bits < 0 {
		return -1 - bits&math.MaxInt32
	}
	return bits
}

// packer makes the words of a forest.
type packer struct {
	*forest
	columns int // of the first half
	words   []uint32
	values  []uint32
}

// packForest returns the words; false if the forest has something that the form
// cannot say.
func packForest(f *forest) ([]uint32, bool) {
	p := &packer{forest: f, columns: (f.features + 3) &^ 3}
	if p.columns > packedColumns/2 || len(f.roots) == 0 {
		return nil, false
	}
	p.words = make([]uint32, 1+treeHeader*len(f.roots))
	p.words[0] = uint32(len(f.roots))
	for i, root := range f.roots {
		if !p.tree(1+treeHeader*i, root) {
			return nil, false
		}
	}
	for i := range f.roots { // the values lie behind all nodes
		p.words[2+treeHeader*i] += uint32(4 * len(p.words))
	}
	return append(p.words, p.values...), true
}

// tree appends a tree, level by level, so that siblings are neighbours, and
// writes its header.
func (p *packer) tree(header, root int) bool {
	start, first := len(p.words), len(p.values)
	queue, depths := []int{root}, []int{0}
	var targets []vote
	leaves, depth := 0, 0
	for i := 0; i < len(queue); i++ {
		n := &p.nodes[queue[i]]
		if n.branch == leaf {
			votes := p.votes[n.first:n.last]
			if leaves == 0 {
				targets = votes
			}
			if !p.leaf(votes, targets) {
				return false
			}
			p.words = append(p.words, uint32(leafOrder+leaves), uint32(i)<<15)
			leaves++
			continue
		}
		key, column, swap, ok := p.test(n)
		if !ok || len(queue) > packedNodes-2 {
			return false
		}
		p.words = append(p.words, uint32(key), uint32(len(queue))<<15|uint32(column)<<5)
		yes, no := n.yes, n.no
		if swap {
			yes, no = no, yes
		}
		queue, depths = append(queue, yes, no), append(depths, depths[i]+1, depths[i]+1)
		depth = max(depth, depths[i]+1)
	}
	target := 0
	if len(targets) > 0 {
		target = targets[0].target
	}
	copy(p.words[header:], []uint32{uint32(4 * start), uint32(4 * first), uint32(depth), uint32(len(targets)), uint32(target)})
	return true
}

// leaf appends the values of a leaf. All leaves of a tree have values for the
// same targets, which follow one another.
func (p *packer) leaf(votes, like []vote) bool {
	if len(votes) != len(like) {
		return false
	}
	for k, v := range votes {
		w := float32(v.weight)
		if v.target != like[0].target+k || float64(w) != v.weight {
			return false
		}
		p.values = append(p.values, math.Float32bits(w))
	}
	return true
}

// test returns the threshold and the column of a node, and whether its children
// change places.
func (p *packer) test(n *treeNode) (key int32, column int, swap, ok bool) {
	t := float32(n.value)
	if float64(t) != n.value || math.IsInf(n.value, 0) {
		return 0, 0, false, false
	}
	key = orderOf(t)
	switch n.branch {
	case branchLEQ:
	case branchLT: // not greater than what comes before
		key--
	case branchGT:
		swap = true
	case branchGTE:
		key--
		swap = true
	default:
		return 0, 0, false, false
	}
	// NaN goes the false way, unless the node says otherwise: first is the way of
	// what is less.
	column = n.feature
	if first := n.missingTrue != swap; !first {
		column += p.columns
	}
	return key, column, swap, true
}
