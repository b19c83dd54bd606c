package pass

import (
	"slices"

	"larder/model/graph"
)

// Dead removes nodes that no output needs. Constants are held by their readers
// alone, so that those of a removed node are released with it.
//
//	x ── Relu ── y (output)          x ── Relu ── y (output)
//	│                          ⇒
//	└─── Exp ─── z
//
// A node with one needed output keeps all of them: the operator was constructed
// for exactly these.
func Dead(g *graph.Graph) error {
	uses := g.Uses()
	kept := make([]*graph.Node, 0, len(g.Nodes))
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		if needed(n, uses) {
			kept = append(kept, n)
			continue
		}
		for _, v := range n.Inputs {
			if v != nil {
				uses[v]--
			}
		}
	}
	slices.Reverse(kept)
	g.Nodes = kept
	return nil
}

func needed(n *graph.Node, uses map[*graph.Value]int) bool {
	for _, v := range n.Outputs {
		if v != nil && uses[v] > 0 {
			return true
		}
	}
	return false
}
