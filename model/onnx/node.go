package onnx

// Node is NodeProto: one use of an operator.
type Node struct {
	// Name is the node's name, possibly empty and not always unique.
	Name string
	// Domain, Type and Overload identify the operator.
	Domain, Type, Overload string
	// Inputs and Outputs name the values; "" stands for an absent optional one.
	Inputs, Outputs []string
	// Attributes lists the attributes in file order.
	Attributes []*Attribute
}

func (d *decoder) node(b []byte) (*Node, error) {
	n := &Node{}
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return f.names(&n.Inputs)
		case 2:
			return f.names(&n.Outputs)
		case 3:
			return f.name(&n.Name)
		case 4:
			return f.name(&n.Type)
		case 5:
			return appendItem(&n.Attributes, f, "attribute", d.attribute)
		case 7:
			return f.name(&n.Domain)
		case 8:
			return f.name(&n.Overload)
		}
		return nil
	})
	if err == nil && n.Type == "" {
		err = fail(Malformed, "the node names no operator")
	}
	if err == nil {
		err = d.count()
	}
	return n, err
}
