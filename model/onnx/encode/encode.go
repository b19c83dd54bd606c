// Package encode writes ONNX files: compiled models, and those of tests, which
// break a byte and see what happens. Tensors are written as raw_data, as strings or
// as external data only.
package encode

import (
	"encoding/binary"
	"fmt"
	"math"

	"larder/model/onnx"
	"larder/model/tensor"
)

// Msg is a message under construction. Its methods append one field and
// return the longer message.
type Msg []byte

// Varint appends an integer field.
func (m Msg) Varint(num int, v int64) Msg {
	m = binary.AppendUvarint(m, uint64(num)<<3)
	return binary.AppendUvarint(m, uint64(v))
}

// Bytes appends a field of bytes: a string or a message.
func (m Msg) Bytes(num int, b []byte) Msg {
	m = binary.AppendUvarint(m, uint64(num)<<3|2)
	m = binary.AppendUvarint(m, uint64(len(b)))
	return append(m, b...)
}

// Text appends a string field unless it is empty.
func (m Msg) Text(num int, s string) Msg {
	if s == "" {
		return m
	}
	return m.Bytes(num, []byte(s))
}

// Float appends a float field.
func (m Msg) Float(num int, v float32) Msg {
	m = binary.AppendUvarint(m, uint64(num)<<3|5)
	return binary.LittleEndian.AppendUint32(m, math.Float32bits(v))
}

func all[T any](m Msg, num int, list []T, encode func(T) Msg) Msg {
	for _, v := range list {
		m = m.Bytes(num, encode(v))
	}
	return m
}

func texts(m Msg, num int, list []string) Msg {
	return all(m, num, list, func(s string) Msg { return Msg(s) })
}

// Model encodes a file.
func Model(v *onnx.Model) []byte {
	m := Msg{}.Varint(1, v.IRVersion).Text(2, v.Producer).Text(3, v.ProducerVersion).Text(4, v.Domain).Varint(5, v.Version)
	if v.Graph != nil {
		m = m.Bytes(7, Graph(v.Graph))
	}
	m = all(m, 8, v.Opsets, opset)
	m = all(m, 14, v.Metadata, entry)
	return all(m, 25, v.Functions, function)
}

func entry(e onnx.Entry) Msg { return Msg{}.Text(1, e.Key).Text(2, e.Value) }

func opset(o onnx.Opset) Msg { return Msg{}.Text(1, o.Domain).Varint(2, o.Version) }

func function(f *onnx.Function) Msg {
	m := Msg{}.Text(1, f.Name)
	m = texts(m, 4, f.Inputs)
	m = texts(m, 5, f.Outputs)
	m = texts(m, 6, f.Attributes)
	m = all(m, 7, f.Nodes, node)
	m = all(m, 9, f.Opsets, opset).Text(10, f.Domain)
	return all(m, 11, f.Defaults, attribute).Text(13, f.Overload)
}

// Graph encodes a GraphProto.
func Graph(g *onnx.Graph) Msg {
	m := all(Msg{}, 1, g.Nodes, node).Text(2, g.Name)
	m = all(m, 5, g.Initializers, initializer)
	m = all(m, 11, g.Inputs, valueInfo)
	m = all(m, 12, g.Outputs, valueInfo)
	return all(m, 13, g.Values, valueInfo)
}

func node(n *onnx.Node) Msg {
	m := texts(Msg{}, 1, n.Inputs)
	m = texts(m, 2, n.Outputs).Text(3, n.Name).Text(4, n.Type)
	return all(m, 5, n.Attributes, attribute).Text(7, n.Domain).Text(8, n.Overload)
}

func attribute(a *onnx.Attribute) Msg {
	m := Msg{}.Text(1, a.Name).Text(21, a.Ref)
	switch v := a.Value.(type) {
	case nil:
		return m
	case float32:
		return m.Float(2, v).Varint(20, 1)
	case int64:
		return m.Varint(3, v).Varint(20, 2)
	case string:
		return m.Bytes(4, []byte(v)).Varint(20, 3)
	case *tensor.Tensor:
		return m.Bytes(5, Tensor("", v)).Varint(20, 4)
	case *onnx.Graph:
		return m.Bytes(6, Graph(v)).Varint(20, 5)
	case []float32:
		for _, f := range v {
			m = m.Float(7, f)
		}
		return m.Varint(20, 6)
	case []int64:
		for _, i := range v {
			m = m.Varint(8, i)
		}
		return m.Varint(20, 7)
	case []string:
		return texts(m, 9, v).Varint(20, 8)
	case []*tensor.Tensor:
		return all(m, 10, v, func(t *tensor.Tensor) Msg { return Tensor("", t) }).Varint(20, 9)
	case []*onnx.Graph:
		return all(m, 11, v, Graph).Varint(20, 10)
	case *onnx.Type:
		return m.Bytes(14, typ(v)).Varint(20, 13)
	}
	panic(fmt.Sprintf("encode: attribute %q of %T", a.Name, a.Value))
}

func initializer(t *onnx.Tensor) Msg {
	if len(t.External) == 0 {
		return Tensor(t.Name, t.Data)
	}
	return all(head(t.Name, t.Data), 13, t.External, entry).Varint(14, 1)
}

// head is what all forms of a TensorProto begin with.
func head(name string, t *tensor.Tensor) Msg {
	m := Msg{}
	for _, d := range t.Shape() {
		m = m.Varint(1, int64(d))
	}
	return m.Varint(2, int64(t.DType())).Text(8, name)
}

// Tensor encodes a TensorProto.
func Tensor(name string, t *tensor.Tensor) Msg {
	m := head(name, t)
	if t.DType() == tensor.String {
		return texts(m, 6, tensor.Data[string](t))
	}
	raw, err := binary.Append(nil, binary.LittleEndian, t.Any())
	if err != nil {
		panic(err)
	}
	return m.Bytes(9, raw)
}

func valueInfo(v *onnx.ValueInfo) Msg {
	m := Msg{}.Text(1, v.Name)
	if v.Type != nil {
		m = m.Bytes(2, typ(v.Type))
	}
	return m
}

func typ(t *onnx.Type) Msg {
	num := map[onnx.Kind]int{onnx.TensorKind: 1, onnx.SequenceKind: 4, onnx.MapKind: 5, onnx.OpaqueKind: 7,
		onnx.SparseTensorKind: 8, onnx.OptionalKind: 9}[t.Kind]
	var m Msg
	if t.Elem != 0 {
		m = m.Varint(1, int64(t.Elem))
	}
	if t.Of != nil && t.Kind == onnx.MapKind {
		m = m.Bytes(2, typ(t.Of))
	} else if t.Of != nil {
		m = m.Bytes(1, typ(t.Of))
	}
	if t.Ranked {
		m = m.Bytes(2, all(Msg{}, 1, t.Dims, dim))
	}
	return Msg{}.Bytes(num, m)
}

func dim(d onnx.Dim) Msg {
	if d.Name != "" {
		return Msg{}.Text(2, d.Name)
	}
	if d.Size < 0 {
		return Msg{}
	}
	return Msg{}.Varint(1, int64(d.Size))
}
