package graph

import (
	"strconv"

	"larder/model/onnx"
	"larder/model/op"
)

// bodyOf returns the nodes of an operator that is composed of others as a
// function, so that they are put in its place like those of one in the model.
func bodyOf(n *Node, c op.Composed) *onnx.Function {
	fn := &onnx.Function{Name: n.Type, Opsets: []onnx.Opset{
		{Version: op.BodyOpset}, {Domain: n.Domain, Version: 1}, {Domain: op.Fused, Version: 1},
	}}
	if n.Domain == "" {
		fn.Opsets[1].Version = op.BodyOpset
	}
	for i := range n.Inputs {
		fn.Inputs = append(fn.Inputs, "i"+strconv.Itoa(i))
	}
	for i, v := range n.Outputs {
		name := ""
		if v != nil {
			name = "o" + strconv.Itoa(i)
		}
		fn.Outputs = append(fn.Outputs, name)
	}
	for _, b := range c.Body() {
		node := &onnx.Node{Name: b.Name, Domain: b.Domain, Type: b.Type, Inputs: b.Inputs, Outputs: b.Outputs}
		for name, v := range b.Attrs {
			node.Attributes = append(node.Attributes, &onnx.Attribute{Name: name, Value: v})
		}
		fn.Nodes = append(fn.Nodes, node)
	}
	return fn
}
