package plan

import "larder/model/graph"

// findReaders notes who reads each value; the graph's outputs have nil among
// their readers.
func (b *builder) findReaders() {
	b.readers = map[*graph.Value][]*graph.Node{}
	for _, n := range b.g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				b.readers[v] = append(b.readers[v], n)
			}
		}
	}
	for _, v := range b.g.Outputs {
		b.readers[v] = append(b.readers[v], nil)
	}
}

// early adds the steps of the nodes that stay on the Go side and need nothing
// that a kernel makes, such as casts of a mask of integers. Then the kernels run
// in one go. It returns the other nodes.
func (b *builder) early() (late []*graph.Node) {
	b.atOnce = map[*graph.Value]bool{}
	for _, v := range b.g.Inputs {
		b.atOnce[v] = true
	}
	for _, n := range b.g.Nodes {
		if b.lowering(n) != nil || !b.readyAtOnce(n) {
			late = append(late, n)
			continue
		}
		b.node(n)
		for _, v := range n.Outputs {
			b.atOnce[v] = true
		}
	}
	return late
}

// readyAtOnce reports whether all inputs of a node are there before any kernel
// runs. A node with a graph inside may read values that it does not name.
func (b *builder) readyAtOnce(n *graph.Node) bool {
	for _, a := range n.Attrs {
		switch a.(type) {
		case int64, float32, string, []int64, []float32, []string:
		default:
			return false
		}
	}
	for _, v := range n.Inputs {
		if v != nil && b.constant(v) == nil && !b.atOnce[v] {
			return false
		}
	}
	return true
}

// bring adds the step that stores a value from the Go side in a place: before
// all kernels, if the value is there.
func (b *builder) bring(v *graph.Value, s Step, place *buffer) {
	if !b.atOnce[v] && b.constant(v) == nil {
		b.use(place)
		b.add(s, pending{place: place})
		return
	}
	place.use(b.start)
	b.front, b.frontPending = append(b.front, s), append(b.frontPending, pending{place: place})
}
