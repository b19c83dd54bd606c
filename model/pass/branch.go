package pass

import (
	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Branch puts the branch in place of an If whose condition is known. Exporters
// write many of these: a rank that is always 4, a mode that is never training.
//
//	true ── If{then: x ── Relu ── y, else: …} ── z    ⇒    x ── Relu ── z
func Branch(g *graph.Graph) error {
	for { // a branch may hold an If
		facts, err := graph.Infer(g, graph.InferOptions{})
		if err != nil {
			return err
		}
		var nodes []*graph.Node
		changed := false
		for _, n := range g.Nodes {
			body, ok := taken(n, facts)
			if !ok {
				nodes = append(nodes, n)
				continue
			}
			nodes = append(nodes, inlined(n, body)...)
			changed = true
		}
		if g.Nodes = nodes; !changed {
			return nil
		}
	}
}

// taken returns the branch that an If takes for sure.
func taken(n *graph.Node, facts graph.Facts) (*graph.Graph, bool) {
	if n.Control == nil || n.Control.Kind != graph.If {
		return nil, false
	}
	c := facts.Of(n.Inputs[0]).Const
	if c == nil || c.DType() != tensor.Bool || c.Len() != 1 {
		return nil, false
	}
	if tensor.Data[bool](c)[0] {
		return n.Control.Bodies[0], true
	}
	return n.Control.Bodies[1], true
}

// inlined returns the nodes of a branch as nodes of the graph around it.
func inlined(n *graph.Node, body *graph.Graph) []*graph.Node {
	is := map[*graph.Value]*graph.Value{} // what a value of the branch becomes
	for i, v := range body.Inputs {
		is[v] = n.Inputs[len(n.Inputs)-n.Control.Captured+i]
	}
	var handed []*graph.Node // what a node of the branch does not make under its name
	for i, v := range body.Outputs {
		if i >= len(n.Outputs) || n.Outputs[i] == nil {
			continue
		}
		if _, known := is[v]; v.Producer != nil && !known {
			is[v] = n.Outputs[i]
			continue
		}
		handed = append(handed, identityOf(n, v, n.Outputs[i]))
	}
	nodes := append(body.Nodes, handed...)
	for _, node := range nodes {
		for i, v := range node.Inputs {
			if to, ok := is[v]; ok {
				node.Inputs[i] = to
			}
		}
		for i, v := range node.Outputs {
			if to, ok := is[v]; ok && v != nil {
				node.Outputs[i] = to
			}
			if v := node.Outputs[i]; v != nil {
				v.Producer = node
			}
		}
	}
	return nodes
}

// identityOf hands v on under the name of another value.
func identityOf(n *graph.Node, v, as *graph.Value) *graph.Node {
	made, err := rewrites().New(op.Node{Name: n.Path, Type: "Identity", Opset: newest, Inputs: []string{v.Name}, Outputs: []string{as.Name}})
	if err != nil {
		panic(err) // the operator is ours, and takes everything
	}
	return &graph.Node{Path: n.Path, Type: "Identity", Opset: newest, Inputs: []*graph.Value{v}, Outputs: []*graph.Value{as}, Op: made}
}
