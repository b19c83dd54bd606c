package onnx

// Opset is OperatorSetIdProto: a domain and the version of its operators.
type Opset struct {
	// Domain is "" or "ai.onnx" for the default operators.
	Domain string
	// Version is the imported version.
	Version int64
}

func (d *decoder) opset(b []byte) (Opset, error) {
	var o Opset
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return f.name(&o.Domain)
		case 2:
			return f.integer(&o.Version)
		}
		return nil
	})
	if err == nil {
		err = d.count()
	}
	return o, err
}
