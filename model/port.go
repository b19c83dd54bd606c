package model

import (
	"strconv"
	"strings"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Port describes an input or output of a model.
type Port struct {
	// Name is the key in the maps of Run.
	Name string
	// DType is the element type, or the kind of a value that is no tensor;
	// tensor.Undefined if the file does not say.
	DType tensor.DType
	// Elem is what a sequence, optional or map has inside, nil if the file does not
	// say, and Key the type of a map's keys.
	Elem *Port
	Key  tensor.DType
	// Ranked says whether the number of dimensions is known; Dims lists them.
	Ranked bool
	Dims   []Dim
	// Optional marks an input that has a default.
	Optional bool
}

// Dim is one dimension of a Port.
type Dim struct {
	// Size is the size, or tensor.Unknown if it varies.
	Size int
	// Name is the name of a size that varies, such as "batch", if it has one.
	// Inputs whose dimensions have the same name must agree.
	Name string
}

// newPort describes v: what is known of it, and where that is less, what the
// file declares.
func newPort(v *graph.Value, known op.Value) Port {
	if d := known.DType; d.Composite() || d == tensor.Undefined && v.Declared.DType.Composite() {
		if known.Elem == nil || known.Elem.DType == tensor.Undefined {
			known = v.Declared
		}
		p := portOf(known)
		p.Name, p.Optional = v.Name, v.Default != nil
		return p
	}
	p := Port{Name: v.Name, DType: known.DType, Ranked: known.Ranked, Optional: v.Default != nil}
	if p.DType == tensor.Undefined {
		p.DType = v.Declared.DType
	}
	shape := known.Shape
	declared := v.Declared.Ranked
	if !known.Ranked {
		p.Ranked, shape = declared, v.Declared.Shape
	}
	declared = declared && len(shape) == len(v.Declared.Shape)
	for i, size := range shape {
		d := Dim{Size: size}
		if size < 0 && declared {
			d = Dim{v.Declared.Shape[i], v.Symbols[i]}
		}
		p.Dims = append(p.Dims, d)
	}
	return p
}

// portOf describes a value that no file names.
func portOf(v op.Value) Port {
	p := Port{DType: v.DType, Key: v.Key}
	if v.DType.Composite() {
		if v.Elem != nil {
			elem := portOf(*v.Elem)
			p.Elem = &elem
		}
		return p
	}
	p.Ranked = v.Ranked
	for _, size := range v.Shape {
		p.Dims = append(p.Dims, Dim{Size: size})
	}
	return p
}

// String describes the port for messages: "float32[N 3 224 224]",
// "sequence(map(int64, float32))".
func (p Port) String() string {
	switch {
	case p.DType.Composite() && p.Elem == nil:
		return p.DType.String()
	case p.DType == tensor.Map:
		return "map(" + p.Key.String() + ", " + p.Elem.DType.String() + ")"
	case p.DType.Composite():
		return p.DType.String() + "(" + p.Elem.String() + ")"
	case !p.Ranked:
		return p.DType.String() + "[...]"
	}
	dims := make([]string, len(p.Dims))
	for i, d := range p.Dims {
		switch {
		case d.Size >= 0:
			dims[i] = strconv.Itoa(d.Size)
		case d.Name != "":
			dims[i] = d.Name
		default:
			dims[i] = "?"
		}
	}
	return p.DType.String() + "[" + strings.Join(dims, " ") + "]"
}
