package graph

import (
	"larder/model/op"
	"larder/model/tensor"
)

// Graph is a checked computation. It is read-only for everybody but
// model/pass.
type Graph struct {
	// Name is the graph's name in the file.
	Name string
	// Opset is the version of the default operators.
	Opset int
	// Nodes lists the computation; a node stands after those that make its
	// inputs.
	Nodes []*Node
	// Inputs lists what a run may be given, Outputs what it returns, in file
	// order. Initializers that a run cannot replace are not inputs.
	Inputs, Outputs []*Value
	// Fixed names the declared inputs whose value the file fixes: before IR
	// version 4 every initializer had to be declared as an input too.
	Fixed map[string]bool
}

// Value is one edge: made by an input, a constant or one node.
type Value struct {
	// Name is unique in the graph.
	Name string
	// Declared is what the file says of an input or output; unknown elsewhere.
	Declared op.Value
	// Symbols names the dimensions of Declared.Shape, "" for those without.
	Symbols []string
	// Const is the value if it never changes.
	Const *tensor.Tensor
	// Default is the value of an input that is not given.
	Default *tensor.Tensor
	// Producer is the node that makes the value, nil for inputs and constants.
	Producer *Node
}

// Node is one use of an operator.
type Node struct {
	// Path leads to the node in the file, such as `graph.node[12]("conv1")`.
	Path string
	// Domain, Type and Opset identify the operator.
	Domain, Type string
	Opset        int
	// Attrs holds the attributes by name.
	Attrs op.Attrs
	// Inputs and Outputs are the values; nil where an optional one is absent.
	Inputs, Outputs []*Value
	// Op is the operator, constructed from all of the above.
	Op op.Operator
	// Control is what If, Loop, Scan and SequenceMap have besides, nil for others:
	// an engine runs their bodies instead of Op.
	Control *Control
}

// Uses counts for every value how often nodes and the graph's outputs read it.
func (g *Graph) Uses() map[*Value]int {
	uses := make(map[*Value]int, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil {
				uses[v]++
			}
		}
	}
	for _, v := range g.Outputs {
		uses[v]++
	}
	return uses
}
