package onnx

import "larder/model/tensor"

// SequenceProto, OptionalProto and MapProto (onnx-data.proto): values that are no
// tensors, as test data and recorded inputs have them. All of them put a kind's
// data into a field of its own.

// DecodeSequence reads a SequenceProto that stands alone, DecodeOptional an
// OptionalProto. Nothing of data is kept.
func DecodeSequence(data []byte) (*tensor.Tensor, error) { return alone(data, (*decoder).sequence) }

// DecodeOptional reads an OptionalProto that stands alone.
func DecodeOptional(data []byte) (*tensor.Tensor, error) { return alone(data, (*decoder).optional) }

func alone(data []byte, decode func(*decoder, []byte) (*tensor.Tensor, error)) (*tensor.Tensor, error) {
	if len(data) > defaultMaxBytes {
		return nil, fail(TooLarge, "the value has %d bytes, more than %d", len(data), defaultMaxBytes)
	}
	return decode(&decoder{}, data)
}

// sequence reads SequenceProto.
func (d *decoder) sequence(b []byte) (*tensor.Tensor, error) {
	var items []*tensor.Tensor
	err := d.parts(b, &items)
	return tensor.SequenceOf(items...), err
}

// optional reads OptionalProto, whose fields have the numbers of SequenceProto's.
func (d *decoder) optional(b []byte) (*tensor.Tensor, error) {
	var items []*tensor.Tensor
	if err := d.parts(b, &items); err != nil {
		return nil, err
	}
	switch len(items) {
	case 0:
		return tensor.OptionalOf(nil), nil
	case 1:
		return tensor.OptionalOf(items[0]), nil
	}
	return nil, fail(Malformed, "an optional has %d values", len(items))
}

// parts reads the values in a sequence or optional.
func (d *decoder) parts(b []byte, items *[]*tensor.Tensor) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	return each(b, func(f field) error {
		switch f.num {
		case 3:
			return appendItem(items, f, "tensor", d.bareTensor)
		case 4:
			return fail(Unsupported, "sparse tensors are not supported")
		case 5:
			return appendItem(items, f, "sequence", d.sequence)
		case 6:
			return appendItem(items, f, "map", d.mapping)
		case 7:
			return appendItem(items, f, "optional", d.optional)
		}
		return nil
	})
}

// mapping reads MapProto: its values are a sequence of single elements.
func (d *decoder) mapping(b []byte) (*tensor.Tensor, error) {
	var texts []string
	var ints []int64
	var values *tensor.Tensor
	err := each(b, func(f field) (err error) {
		switch f.num {
		case 3:
			return f.ints(&ints)
		case 4:
			texts = append(texts, string(f.data))
			return f.want(wireBytes)
		case 5:
			b, err := f.bytes()
			if err == nil {
				values, err = d.sequence(b)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	keys := tensor.Vector(ints...)
	if len(ints) == 0 {
		keys = tensor.Vector(texts...)
	}
	if values == nil || len(ints) > 0 && len(texts) > 0 {
		return nil, fail(Malformed, "a map has %d and %d keys", len(ints), len(texts))
	}
	return joined(keys, values.Items())
}

// joined makes a map of keys and single elements.
func joined(keys *tensor.Tensor, items []*tensor.Tensor) (*tensor.Tensor, error) {
	bad := fail(Malformed, "a map has %d keys and %d values, or values that are no numbers or texts", keys.Len(), len(items))
	if len(items) != keys.Len() {
		return nil, bad
	}
	floats, ints, texts := []float32{}, []int64{}, []string{}
	for _, t := range items {
		if t.Len() != 1 {
			return nil, bad
		}
		switch v := t.Any().(type) {
		case []float32:
			floats = append(floats, v[0])
		case []int64:
			ints = append(ints, v[0])
		case []string:
			texts = append(texts, v[0])
		}
	}
	for _, values := range []*tensor.Tensor{tensor.Vector(floats...), tensor.Vector(ints...), tensor.Vector(texts...)} {
		if values.Len() == keys.Len() {
			if m, err := tensor.MapOf(keys, values); err == nil {
				return m, nil
			}
		}
	}
	return nil, bad
}
