package pass

import (
	"slices"

	"larder/model/graph"
)

// bodies runs the passes in the bodies of g's nodes, where what is known around
// them is known too. A body in which something cannot be right is left as it is:
// it may never run.
func bodies(g *graph.Graph, passes []Pass, b *budget) error {
	if !slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return n.Control != nil }) {
		return nil
	}
	facts, err := graph.Infer(g, graph.InferOptions{})
	if err != nil {
		return err
	}
	for _, n := range g.Nodes {
		if n.Control == nil {
			continue
		}
		bindConstants(n, facts)
		if err := n.DeclareBodies(facts); err != nil {
			return err
		}
		for _, body := range n.Control.Bodies {
			if _, err := graph.Infer(body, graph.InferOptions{}); err != nil {
				continue
			}
			if err := runIn(body, passes, b); err != nil {
				return err
			}
		}
		dropUnread(n)
	}
	return Dead(g)
}

// bindConstants makes captured values that are constant now constants inside.
func bindConstants(n *graph.Node, facts graph.Facts) {
	dropCaptured(n, func(i int) bool {
		c := facts.Of(n.Inputs[i]).Const
		if c == nil {
			return false
		}
		for _, body := range n.Control.Bodies {
			v := body.Inputs[len(body.Inputs)-len(n.Inputs)+i]
			v.Const = c
		}
		return true
	})
}

// dropUnread drops captured values that no body reads any more.
func dropUnread(n *graph.Node) {
	var read []map[*graph.Value]int
	for _, body := range n.Control.Bodies {
		read = append(read, body.Uses())
	}
	dropCaptured(n, func(i int) bool {
		for k, body := range n.Control.Bodies {
			if read[k][body.Inputs[len(body.Inputs)-len(n.Inputs)+i]] > 0 {
				return false
			}
		}
		return true
	})
}

// dropCaptured removes the captured inputs for which gone is true from the node
// and from its bodies.
func dropCaptured(n *graph.Node, gone func(i int) bool) {
	first := len(n.Inputs) - n.Control.Captured
	var drop []bool
	for i := range n.Inputs {
		drop = append(drop, i >= first && gone(i))
	}
	for _, body := range n.Control.Bodies {
		body.Inputs = without(body.Inputs, drop[len(n.Inputs)-len(body.Inputs):])
	}
	n.Inputs = without(n.Inputs, drop)
	n.Control.Captured = len(n.Inputs) - first
}

// without returns the values that are not dropped.
func without(list []*graph.Value, drop []bool) []*graph.Value {
	var kept []*graph.Value
	for i, v := range list {
		if !drop[i] {
			kept = append(kept, v)
		}
	}
	return kept
}
