package onnx

import (
	"encoding/binary"
	"fmt"

	"larder/model/tensor"
)

// Tensor is TensorProto with its data read.
type Tensor struct {
	// Name is the tensor's name, possibly empty.
	Name string
	// Data is the value, never nil.
	Data *tensor.Tensor
	// External says, for writing only, where the data is if not in the file.
	External []Entry
}

// tensorFields is TensorProto as it stands in the file: one of several fields
// holds the data, chosen by the element type.
type tensorFields struct {
	name     string
	dims     []int64
	dtype    tensor.DType
	raw      []byte
	hasRaw   bool
	left     span // raw data that is not in raw
	forms    []form
	floats   []float32
	int32s   []int64
	strings  []string
	int64s   []int64
	doubles  []float64
	uint64s  []int64
	external []Entry
	location int64
	segment  bool
}

// DecodeTensor reads a TensorProto that stands alone. Nothing of data is kept.
func DecodeTensor(data []byte) (*Tensor, error) {
	if len(data) > defaultMaxBytes {
		return nil, fail(TooLarge, "the tensor has %d bytes, more than %d", len(data), defaultMaxBytes)
	}
	return (&decoder{}).tensor(data)
}

func (d *decoder) tensor(b []byte) (*Tensor, error) {
	p := &tensorFields{}
	err := each(b, func(f field) error { return d.tensorField(p, f) })
	if err == nil {
		err = d.count()
	}
	var t *tensor.Tensor
	if err == nil {
		t, err = d.tensorData(p)
	}
	if err != nil {
		if p.name != "" {
			err = within(err, fmt.Sprintf("(%q)", p.name))
		}
		return nil, err
	}
	return &Tensor{Name: p.name, Data: t}, nil
}

func (d *decoder) tensorField(p *tensorFields, f field) (err error) {
	switch f.num {
	case 1:
		if len(p.dims)+len(f.data) > 10*tensor.MaxRank { // a number has at most 10 bytes
			return fail(TooLarge, "more than %d dimensions", tensor.MaxRank)
		}
		return f.ints(&p.dims)
	case 2:
		p.dtype, err = elemType(f)
		return err
	case 3:
		p.segment = true
		return nil
	case 4:
		return f.floats(&p.floats)
	case 5:
		return f.ints(&p.int32s)
	case 6:
		p.strings = append(p.strings, string(f.data))
		return f.want(wireBytes)
	case 7:
		return f.ints(&p.int64s)
	case 8:
		return f.name(&p.name)
	case 9:
		p.hasRaw = true
		p.raw, err = f.bytes()
		p.left = span{}
		return err
	case leftField:
		return d.leftData(p, f)
	case 10:
		return f.doubles(&p.doubles)
	case 11:
		return f.ints(&p.uint64s)
	case 13:
		return appendItem(&p.external, f, "external_data", d.entry)
	case 14:
		return f.integer(&p.location)
	}
	return nil
}

// leftData notes that the skimmer has left the data in the file.
func (d *decoder) leftData(p *tensorFields, f field) error {
	if d.src == nil {
		return nil // an unknown field of a file that was not skimmed
	}
	at, n := binary.Uvarint(f.data)
	if n <= 0 {
		return badVarint(n)
	}
	length, n := binary.Uvarint(f.data[n:])
	size := uint64(d.src.Size())
	if n <= 0 || at > size || length > size-at {
		return fail(Malformed, "data beyond the end of the file")
	}
	p.left, p.hasRaw, p.raw = span{d.src, int64(at), int64(length)}, true, nil
	return nil
}

// leftTensor makes a tensor of data that was left in a file: a deferred one if it
// is large and the model is read from a Source.
func (d *decoder) leftTensor(p *tensorFields, shape tensor.Shape, n int) (*tensor.Tensor, error) {
	if d.src != nil && p.left.length >= minDeferred && !p.dtype.Small() {
		return p.defers(p.left, shape, n)
	}
	b, err := p.left.bytes()
	if err != nil {
		return nil, unread("the data", err)
	}
	p.raw = b
	return p.fromRaw(shape, n)
}

// tensorData puts shape and data together.
func (d *decoder) tensorData(p *tensorFields) (*tensor.Tensor, error) {
	shape, n, err := p.shape()
	if err != nil {
		return nil, err
	}
	switch {
	case p.dtype == tensor.Undefined:
		return nil, fail(Malformed, "the tensor has no element type")
	case !p.dtype.Supported():
		return nil, fail(Unsupported, "tensors of %v are not supported", p.dtype)
	case p.segment:
		return nil, fail(Unsupported, "tensors in segments are not supported")
	}
	if p.location == 1 {
		if err := d.findExternal(p, n); err != nil {
			return nil, err
		}
	}
	if len(p.forms) > 0 {
		return p.packed(shape, d.opt.Unpack)
	}
	if p.left.src != nil {
		return d.leftTensor(p, shape, n)
	}
	if p.hasRaw {
		return p.fromRaw(shape, n)
	}
	return p.fromFields(shape, n)
}

// shape checks the dimensions and counts the elements.
func (p *tensorFields) shape() (tensor.Shape, int, error) {
	if len(p.dims) > tensor.MaxRank {
		return nil, 0, fail(TooLarge, "%d dimensions, more than %d", len(p.dims), tensor.MaxRank)
	}
	shape := make(tensor.Shape, len(p.dims))
	for i, v := range p.dims {
		if v < 0 || v > 1<<31-1 {
			return nil, 0, fail(Malformed, "dimension %d is %d", i, v)
		}
		shape[i] = int(v)
	}
	n, err := shape.Elems()
	if err != nil {
		return nil, 0, fail(TooLarge, "the shape %v has too many elements", shape)
	}
	return shape, n, nil
}
