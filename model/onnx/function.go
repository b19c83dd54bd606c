package onnx

// Function is FunctionProto: an operator that the model defines by a graph of
// other operators.
type Function struct {
	// Domain, Name and Overload identify the operator.
	Domain, Name, Overload string
	// Inputs and Outputs name the formal parameters and results.
	Inputs, Outputs []string
	// Attributes names the attributes without a default; Defaults holds those
	// with one.
	Attributes []string
	Defaults   []*Attribute
	// Nodes is the body.
	Nodes []*Node
	// Opsets lists the operator sets of the body.
	Opsets []Opset
}

func (d *decoder) function(b []byte) (*Function, error) {
	fn := &Function{}
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return f.name(&fn.Name)
		case 4:
			return f.names(&fn.Inputs)
		case 5:
			return f.names(&fn.Outputs)
		case 6:
			return f.names(&fn.Attributes)
		case 7:
			return appendItem(&fn.Nodes, f, "node", d.node)
		case 9:
			return appendItem(&fn.Opsets, f, "opset_import", d.opset)
		case 10:
			return f.name(&fn.Domain)
		case 11:
			return appendItem(&fn.Defaults, f, "attribute_proto", d.attribute)
		case 13:
			return f.name(&fn.Overload)
		}
		return nil
	})
	if err == nil && fn.Name == "" {
		err = fail(Malformed, "the function has no name")
	}
	if err == nil {
		err = d.count()
	}
	return fn, err
}
