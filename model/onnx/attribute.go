package onnx

import (
	"math"

	"larder/model/tensor"
)

// Attribute is AttributeProto: a named constant of a node.
type Attribute struct {
	// Name is the attribute's name, never empty.
	Name string
	// Ref, inside a function's body, names the attribute of the function that
	// gives the value; Value is nil then.
	Ref string
	// Value is one of int64, float32, string, *tensor.Tensor, *Graph, *Type and
	// slices of them.
	Value any
}

// The numbers of AttributeProto.AttributeType.
const (
	attrFloat       = 1
	attrInt         = 2
	attrString      = 3
	attrTensor      = 4
	attrGraph       = 5
	attrFloats      = 6
	attrInts        = 7
	attrStrings     = 8
	attrTensors     = 9
	attrGraphs      = 10
	attrTypeProto   = 13
	attrTypeProtos  = 14
	attrSparse      = 11
	attrSparseLists = 12
)

// attributeFields is AttributeProto as it stands in the file: a value for each
// type, of which the type field selects one.
type attributeFields struct {
	a       Attribute
	kind    int64
	seen    int64 // the type that the last value field implies
	f       float32
	i       int64
	s       string
	t       []*tensor.Tensor
	g       []*Graph
	tp      []*Type
	floats  []float32
	ints    []int64
	strings []string
	tensors []*tensor.Tensor
	graphs  []*Graph
	types   []*Type
}

func (d *decoder) attribute(b []byte) (*Attribute, error) {
	p := &attributeFields{}
	err := each(b, func(f field) error { return d.attributeField(p, f) })
	if err == nil && p.a.Name == "" {
		err = fail(Malformed, "the attribute has no name")
	}
	if err == nil && p.a.Ref == "" {
		err = p.choose()
	}
	if err == nil {
		err = d.count()
	}
	a := p.a // on its own, so that the rest of p can be freed
	return &a, err
}

func (d *decoder) attributeField(p *attributeFields, f field) error {
	switch f.num {
	case 1:
		return f.name(&p.a.Name)
	case 20:
		return f.integer(&p.kind)
	case 21:
		return f.name(&p.a.Ref)
	case 2:
		p.seen, p.f = attrFloat, math.Float32frombits(uint32(f.bits))
		return f.want(wire32)
	case 3:
		p.seen = attrInt
		return f.integer(&p.i)
	case 4:
		p.seen, p.s = attrString, string(f.data)
		return f.want(wireBytes)
	case 7:
		p.seen = attrFloats
		return f.floats(&p.floats)
	case 8:
		p.seen = attrInts
		return f.ints(&p.ints)
	case 9:
		p.seen, p.strings = attrStrings, append(p.strings, string(f.data))
		return f.want(wireBytes)
	case 22, 23:
		return fail(Unsupported, "attribute %q is a sparse tensor, which is not supported", p.a.Name)
	}
	return d.attributeMessage(p, f)
}

// attributeMessage reads the values that are messages.
func (d *decoder) attributeMessage(p *attributeFields, f field) error {
	switch f.num {
	case 5:
		p.seen = attrTensor
		return appendItem(&p.t, f, "t", d.bareTensor)
	case 6:
		p.seen = attrGraph
		return appendItem(&p.g, f, "g", d.graph)
	case 14:
		p.seen = attrTypeProto
		return appendItem(&p.tp, f, "tp", d.typ)
	case 10:
		p.seen = attrTensors
		return appendItem(&p.tensors, f, "tensors", d.bareTensor)
	case 11:
		p.seen = attrGraphs
		return appendItem(&p.graphs, f, "graphs", d.graph)
	case 15:
		p.seen = attrTypeProtos
		return appendItem(&p.types, f, "type_protos", d.typ)
	}
	return nil
}

// bareTensor drops the name of an attribute's tensor.
func (d *decoder) bareTensor(b []byte) (*tensor.Tensor, error) {
	t, err := d.tensor(b)
	if err != nil {
		return nil, err
	}
	return t.Data, nil
}

// choose sets Value to the field that the type selects. Files before IR
// version 2 have no type: the value that is there counts.
func (p *attributeFields) choose() error {
	if p.kind == 0 {
		p.kind = p.seen
	}
	switch p.kind {
	case attrFloat:
		p.a.Value = p.f
	case attrInt:
		p.a.Value = p.i
	case attrString:
		p.a.Value = p.s
	case attrFloats:
		p.a.Value = p.floats
	case attrInts:
		p.a.Value = p.ints
	case attrStrings:
		p.a.Value = p.strings
	case attrTensor:
		return single(p, p.t)
	case attrGraph:
		return single(p, p.g)
	case attrTypeProto:
		return single(p, p.tp)
	case attrTensors:
		p.a.Value = p.tensors
	case attrGraphs:
		p.a.Value = p.graphs
	case attrTypeProtos:
		p.a.Value = p.types
	case attrSparse, attrSparseLists:
		return fail(Unsupported, "attribute %q is a sparse tensor, which is not supported", p.a.Name)
	default:
		return fail(Malformed, "attribute %q has type %d and no value", p.a.Name, p.kind)
	}
	return nil
}

// single takes the one message that a singular field must have.
func single[T any](p *attributeFields, v []T) error {
	if len(v) != 1 {
		return fail(Malformed, "attribute %q has %d values instead of one", p.a.Name, len(v))
	}
	p.a.Value = v[0]
	return nil
}
