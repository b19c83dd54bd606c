package onnx

import "larder/model/tensor"

// ValueInfo is ValueInfoProto: the name of a value and what is declared of it.
type ValueInfo struct {
	// Name is the value's name, never empty.
	Name string
	// Type is nil if nothing is declared.
	Type *Type
}

// Kind says what a Type describes.
type Kind uint8

// The kinds of values that ONNX knows.
const (
	TensorKind Kind = iota + 1
	SequenceKind
	MapKind
	OptionalKind
	SparseTensorKind
	OpaqueKind
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case TensorKind:
		return "tensor"
	case SequenceKind:
		return "sequence"
	case MapKind:
		return "map"
	case OptionalKind:
		return "optional"
	case SparseTensorKind:
		return "sparse tensor"
	case OpaqueKind:
		return "opaque value"
	}
	return "value of unknown kind"
}

// Type is TypeProto.
type Type struct {
	// Kind selects which of the other fields count.
	Kind Kind
	// Elem is the element type of a tensor, possibly one that tensor.DType does
	// not support; tensor.Undefined if not declared. For a map it is the key.
	Elem tensor.DType
	// Dims lists a tensor's dimensions if Ranked.
	Dims   []Dim
	Ranked bool
	// Of is the element of a sequence or optional and the value of a map.
	Of *Type
}

// Dim is one declared dimension: a size, or a name, or nothing.
type Dim struct {
	// Size is the size, or tensor.Unknown.
	Size int
	// Name is the symbolic name, if any.
	Name string
}

func (d *decoder) valueInfo(b []byte) (*ValueInfo, error) {
	v := &ValueInfo{}
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return f.name(&v.Name)
		case 2:
			tb, err := f.bytes()
			if err != nil {
				return err
			}
			v.Type, err = d.typ(tb)
			return within(err, "type")
		}
		return nil
	})
	if err == nil && v.Name == "" {
		err = fail(Malformed, "the value has no name")
	}
	if err == nil {
		err = d.count()
	}
	return v, err
}

// typ decodes TypeProto, whose fields are a oneof: the last one counts.
func (d *decoder) typ(b []byte) (*Type, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer d.leave()
	t := &Type{}
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return d.typeField(t, TensorKind, f)
		case 4:
			return d.typeField(t, SequenceKind, f)
		case 5:
			return d.typeField(t, MapKind, f)
		case 7:
			return d.typeField(t, OpaqueKind, f)
		case 8:
			return d.typeField(t, SparseTensorKind, f)
		case 9:
			return d.typeField(t, OptionalKind, f)
		}
		return nil
	})
	return t, err
}

// typeField decodes one member of the oneof. In all of them field 1 is the
// element (or the key) and field 2 the shape (or the map's value).
func (d *decoder) typeField(t *Type, kind Kind, f field) error {
	b, err := f.bytes()
	if err != nil {
		return err
	}
	*t = Type{Kind: kind}
	if kind == OpaqueKind {
		return nil
	}
	return each(b, func(f field) (err error) {
		nested := f.num == 1 && (kind == SequenceKind || kind == OptionalKind) || f.num == 2 && kind == MapKind
		switch {
		case nested:
			b, err := f.bytes()
			if err != nil {
				return err
			}
			t.Of, err = d.typ(b)
			return within(err, kind.String())
		case f.num == 1:
			t.Elem, err = elemType(f)
		case f.num == 2:
			t.Ranked = true
			t.Dims, err = d.shape(f)
		}
		return err
	})
}

func elemType(f field) (tensor.DType, error) {
	if err := f.want(wireVarint); err != nil {
		return 0, err
	}
	if f.bits > 255 {
		return 0, fail(Malformed, "element type %d", f.bits)
	}
	return tensor.DType(f.bits), nil
}

// shape decodes TensorShapeProto.
func (d *decoder) shape(f field) ([]Dim, error) {
	b, err := f.bytes()
	if err != nil {
		return nil, err
	}
	var dims []Dim
	err = each(b, func(f field) error {
		if f.num != 1 {
			return nil
		}
		if len(dims) == tensor.MaxRank {
			return fail(TooLarge, "more than %d dimensions", tensor.MaxRank)
		}
		return appendItem(&dims, f, "dim", decodeDim)
	})
	return dims, err
}

func decodeDim(b []byte) (Dim, error) {
	dim := Dim{Size: tensor.Unknown}
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			var n int64
			if err := f.integer(&n); err != nil {
				return err
			}
			// Some exporters write 0 or -1 for a size that varies; only the
			// negative one is safe to read so.
			if dim.Size = int(n); n < 0 {
				dim.Size = tensor.Unknown
			} else if n > 1<<31-1 {
				return fail(TooLarge, "a dimension of %d", n)
			}
			dim.Name = ""
			return nil
		case 2:
			dim.Size = tensor.Unknown
			return f.name(&dim.Name)
		}
		return nil
	})
	return dim, err
}
