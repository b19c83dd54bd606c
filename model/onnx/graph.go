package onnx

// Graph is GraphProto: nodes and the values that they read and write.
type Graph struct {
	// Name is the graph's name, possibly empty.
	Name string
	// Nodes lists the computation.
	Nodes []*Node
	// Initializers lists the constants and the defaults of inputs.
	Initializers []*Tensor
	// Inputs and Outputs declare the graph's parameters and results. In files
	// of IR version 3 the initializers are among the inputs.
	Inputs, Outputs []*ValueInfo
	// Values declares types of values inside; it is advice.
	Values []*ValueInfo
}

func (d *decoder) graph(b []byte) (*Graph, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	g := &Graph{}
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return appendItem(&g.Nodes, f, "node", d.node)
		case 2:
			return f.name(&g.Name)
		case 5:
			return appendItem(&g.Initializers, f, "initializer", d.tensor)
		case 11:
			return appendItem(&g.Inputs, f, "input", d.valueInfo)
		case 12:
			return appendItem(&g.Outputs, f, "output", d.valueInfo)
		case 13:
			return appendItem(&g.Values, f, "value_info", d.valueInfo)
		case 15:
			return within(fail(Unsupported, "sparse tensors are not supported"), "sparse_initializer")
		}
		return nil
	})
	return g, err
}
