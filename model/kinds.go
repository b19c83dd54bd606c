package model

import "larder/model/tensor"

// checkValue checks a value against the port's kind and returns it as the model
// takes it: what is not optional in itself becomes so.
func (p Port) checkValue(t *tensor.Tensor, sizes map[string]seenSize) (*tensor.Tensor, error) {
	if p.DType == tensor.Optional && (t == nil || t.DType() != tensor.Optional) {
		t = tensor.OptionalOf(t)
	}
	switch {
	case t == nil:
		return nil, badInput("input %q is nil: it must be %v", p.Name, p)
	case p.DType.Composite() && t.DType() != p.DType, !p.DType.Composite() && t.DType().Composite():
		return nil, badInput("input %q is a %v, it must be %v", p.Name, t.DType(), p)
	case !p.DType.Composite():
		return t, p.check(t, sizes)
	}
	return t, p.checkParts(t, sizes)
}

// checkParts checks what is in a sequence, optional or map.
func (p Port) checkParts(t *tensor.Tensor, sizes map[string]seenSize) error {
	if p.Elem == nil {
		return nil
	}
	inside := *p.Elem
	inside.Name = p.Name
	if p.DType == tensor.Map {
		keys, values := t.Items()[0], t.Items()[1]
		if p.Key != tensor.Undefined && keys.DType() != p.Key || inside.DType != tensor.Undefined && values.DType() != inside.DType {
			return badInput("input %q is a map from %v to %v, it must be %v", p.Name, keys.DType(), values.DType(), p)
		}
		return nil
	}
	if p.DType == tensor.Sequence {
		sizes = map[string]seenSize{} // each element has sizes of its own
	}
	for _, item := range t.Items() {
		if _, err := inside.checkValue(item, sizes); err != nil {
			return err
		}
	}
	return nil
}
