package message

import "fmt"

// The types of values that are made of others.
const (
	TypeSequence = "sequence"
	TypeOptional = "optional" // of one item or none
	TypeMap      = "map"      // of two items: a vector of keys and one of values
)

// Tensor is a value that goes into a model or comes out of it. Its data stays
// what the host made it: a typed array, or a []any of strings. A value that is
// no tensor has items instead of dims and data.
type Tensor struct {
	Dims  []int
	Type  string // ONNX's name in lower case: "float32", "int64" …, or one of the above
	Data  any
	Items []Tensor
}

// composite reports whether values of a type have items.
func composite(typ string) bool {
	return typ == TypeSequence || typ == TypeOptional || typ == TypeMap
}

// Encode returns the tensor as a message tree.
func (t Tensor) Encode() map[string]any {
	if composite(t.Type) {
		return map[string]any{"type": t.Type, "items": encodeEach(len(t.Items), func(i int) map[string]any { return t.Items[i].Encode() })}
	}
	dims := make([]any, len(t.Dims))
	for i, d := range t.Dims {
		dims[i] = d
	}
	return map[string]any{"dims": dims, "type": t.Type, "data": t.Data}
}

// DecodeTensor reads a tensor. That data fits dims is for the reader of data to
// check.
func DecodeTensor(v any) (Tensor, error) {
	var err error
	t := decodeTensor(open("tensor", v, &err))
	return t, err
}

func decodeTensor(f fields) Tensor {
	left := maxItems
	return decodeValue(f, 0, &left)
}

// decodeValue reads a tensor, or a value at some depth in others; left counts
// down to too many.
func decodeValue(f fields, depth int, left *int) Tensor {
	typ := f.must("type", maxName)
	if !composite(typ) {
		return decodeDense(f)
	}
	t := Tensor{Type: typ, Items: []Tensor{}}
	if depth == maxNested {
		f.fail("items", "are nested deeper than %d", maxNested)
		return t
	}
	list := f.list("items", maxItems)
	if *left -= len(list); *left < 0 {
		f.fail("items", "are more than %d", maxItems)
		return t
	}
	if typ == TypeOptional && len(list) > 1 || typ == TypeMap && len(list) != 2 {
		f.fail("items", "are %d, which no %s has", len(list), typ)
		return t
	}
	for _, v := range list {
		t.Items = append(t.Items, decodeValue(open(f.path+".items", v, f.err), depth+1, left))
		if *f.err != nil {
			break
		}
	}
	return t
}

func decodeDense(f fields) Tensor {
	t := Tensor{Type: f.must("type", maxName), Data: f.m["data"], Dims: []int{}}
	if t.Data == nil {
		f.fail("data", "is missing")
	}
	if !f.has("dims") {
		f.fail("dims", "is missing")
	}
	for i, v := range f.list("dims", maxRank) {
		d, ok := toFloat(v)
		// The bound is that of an element count; the product is checked by the
		// package that makes the tensor.
		if !ok || d < 0 || d > 1<<31-1 || d != float64(int(d)) {
			f.fail("dims", "[%d] is not a size", i)
			return t
		}
		t.Dims = append(t.Dims, int(d))
	}
	return t
}

// EncodeTensors returns named tensors as a message tree.
func EncodeTensors(list map[string]Tensor) map[string]any {
	m := make(map[string]any, len(list))
	for name, t := range list {
		m[name] = t.Encode()
	}
	return m
}

// DecodeTensors reads named tensors.
func DecodeTensors(v any) (map[string]Tensor, error) {
	var err error
	f := open("inputs", v, &err)
	if err != nil {
		return nil, err
	}
	if len(f.m) > maxPorts {
		f.fail("", "has %d entries, more than %d", len(f.m), maxPorts)
		return nil, err
	}
	out := make(map[string]Tensor, len(f.m))
	for name, v := range f.m {
		if len(name) > maxText {
			f.fail("", "has a name of %d bytes", len(name))
			break
		}
		out[name] = decodeTensor(open(fmt.Sprintf("inputs[%q]", name), v, &err))
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
