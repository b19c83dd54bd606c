package main

import (
	"fmt"
	"math"

	"larder/model/onnx"
	"larder/model/tensor"
)

// Numbers of the schema for integers.
const (
	typeInt8                  = 9
	codeQuantize, codeToFloat = 114, 6
)

// grid is what the codes of a tensor stand for: scale*(code-zero), with one scale
// for all or one for each index along a dimension.
type grid struct {
	scales []float32
	zero   int
	along  int
}

// numbers finds the constants of a quantised ONNX file by name.
type numbers map[string]*tensor.Tensor

func readNumbers(file []byte) (numbers, error) {
	m, err := onnx.Decode(file, onnx.Options{})
	if err != nil {
		return nil, err
	}
	c := numbers{}
	for _, t := range m.Graph.Initializers {
		c[t.Name] = t.Data
	}
	return c, nil
}

func (c numbers) floats(name string) []float32 { return tensor.Data[float32](c[name]) }

// grid returns that of a value. The schema's codes are signed: 128 less than
// those of the file.
func (c numbers) grid(v *value) (*grid, error) {
	if c[v.name+"_scale"] == nil || c[v.name+"_zero"] == nil {
		return nil, fmt.Errorf("gen: %s has no range", v.name)
	}
	return &grid{scales: c.floats(v.name + "_scale"), zero: int(tensor.Data[uint8](c[v.name+"_zero"])[0]) - 128}, nil
}

// encodeTFLiteInt8 writes a net as a .tflite file of integers: those of the ONNX
// file that was made of it, so that engines compute the same with the same. Input
// and output are floats. The file does not say how large the scores become, which
// stay floats in it: most is that.
func encodeTFLiteInt8(n *net, quantised []byte, most float32) ([]byte, error) {
	c, err := readNumbers(quantised)
	if err != nil {
		return nil, err
	}
	t := &tflite{buffers: [][]byte{nil}, index: map[*value]int{}, numbers: c}
	input := t.result(n.input)
	if t.grid, err = c.grid(n.input); err != nil {
		return nil, err
	}
	t.convert(codeQuantize, input, t.result(n.input))
	for _, l := range n.layers {
		switch {
		case l.out == n.output():
			t.grid = &grid{scales: []float32{most / 127}}
		case l.kind == flatten || l.kind == maxPool:
			t.grid = t.tensors[t.index[l.in[0]]].grid
		default:
			if t.grid, err = c.grid(l.out); err != nil {
				return nil, err
			}
		}
		t.layer(l)
	}
	codes := t.index[n.output()]
	t.grid = nil
	output := t.result(n.output())
	t.convert(codeToFloat, codes, output)
	return t.write(input, output), nil
}

// convert adds a step between floats and integers.
func (t *tflite) convert(code, from, to int) {
	t.steps = append(t.steps, tfliteStep{op: tfliteOp{code, 0}, in: []int{from}, out: to})
}

// weights adds the weights of a layer, in the given order of dimensions.
func (t *tflite) weights(l *layer, order string, shape ...int) int {
	name := l.out.name + "_w"
	if t.numbers == nil {
		return t.constant(name, typeFloat32, inOrder(l, order), shape...)
	}
	full := t.full(l, "_w")
	codes := tensor.Data[int8](t.numbers[full+"_quantized"])
	moved := *l
	moved.w = make([]float32, len(codes)) // they have codes exactly
	for i, v := range codes {
		moved.w[i] = float32(v)
	}
	ordered := make([]int8, len(codes))
	for i, v := range inOrder(&moved, order) {
		ordered[i] = int8(v)
	}
	along := 0
	if l.kind == depthwise {
		along = len(shape) - 1
	}
	made := t.constant(name, typeInt8, ordered, shape...)
	t.tensors[made].grid = &grid{scales: t.numbers.floats(full + "_scale"), along: along}
	return made
}

// bias adds the bias of a layer.
func (t *tflite) bias(l *layer) int {
	name := l.out.name + "_b"
	if t.numbers == nil {
		return t.constant(name, typeFloat32, l.b, l.outC)
	}
	full := t.full(l, "_b")
	made := t.constant(name, typeInt32, tensor.Data[int32](t.numbers[full+"_quantized"]), l.outC)
	t.tensors[made].grid = &grid{scales: t.numbers.floats(full + "_scale")}
	return made
}

// full is the name of a layer's constant in the quantised file, which has the
// name of the result in it.
func (t *tflite) full(l *layer, kind string) string {
	result := l.out.name
	if l.act != "" {
		result += "_linear"
	}
	return l.out.name + kind + "_" + result
}

// inOrder returns a layer's weights in an order of dimensions.
func inOrder(l *layer, order string) []float32 {
	if order == "" {
		return l.w
	}
	return transpose(l, order)
}

// table writes a grid.
func (g *grid) table(f *flat) int {
	scales, zeros := make([]int, len(g.scales)), make([]int, len(g.scales))
	for i, s := range g.scales {
		scales[i], zeros[i] = int(math.Float32bits(s)), g.zero
	}
	return f.table(offset(2, func() int { return f.ints(scales) }), offset(3, func() int { return f.longs(zeros) }), num(6, g.along))
}
