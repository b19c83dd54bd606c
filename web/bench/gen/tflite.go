package main

import (
	"bytes"
	"encoding/binary"
)

// Numbers of the TensorFlow Lite schema (version 3):
// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
const (
	typeFloat32, typeInt32 = 0, 2
	padSame, padValid      = 0, 1
	codePad, codePadV2     = 34, 60
)

// tfliteOp is an operator's code and the type of its options (0 for none).
type tfliteOp struct{ code, options int }

var tfliteOps = map[kind]tfliteOp{
	add: {0, 11}, concat: {2, 10}, conv: {3, 1}, depthwise: {4, 2}, dense: {9, 8},
	sigmoid: {14, 0}, maxPool: {17, 5}, mul: {18, 21}, flatten: {22, 0}, average: {40, 27},
}

// activations are the schema's numbers for what can follow a step.
var activations = map[string]int{"": 0, "relu": 1, "relu6": 3}

// tflite collects the lists of a .tflite file.
type tflite struct {
	tensors []tfliteTensor
	buffers [][]byte
	steps   []tfliteStep
	index   map[*value]int // its tensor

	// Of a file of integers, see tflite_int8.go: its constants, and where the
	// codes of the results lie that are added.
	numbers numbers
	grid    *grid
}

type tfliteTensor struct {
	name      string
	shape     []int
	typ, data int   // data: its buffer, 0 for none
	grid      *grid // of integers; nil: floats, or numbers that count
}

type tfliteStep struct {
	op      tfliteOp
	in      []int
	out     int
	options []field
}

// encodeTFLite writes a net as a float32 .tflite file, channels last.
func encodeTFLite(n *net) []byte {
	t := &tflite{buffers: [][]byte{nil}, index: map[*value]int{}}
	t.result(n.input)
	for _, l := range n.layers {
		t.layer(l)
	}
	return t.write(t.index[n.input], t.index[n.output()])
}

// result adds the tensor of a value.
func (t *tflite) result(v *value) int {
	shape := []int{1, v.h, v.w, v.c}
	if v.flat {
		shape = []int{1, v.c}
	}
	t.index[v] = t.tensor(t.like(tfliteTensor{name: v.name, shape: shape}))
	return t.index[v]
}

// like makes a tensor one of integers where results are.
func (t *tflite) like(x tfliteTensor) tfliteTensor {
	if t.grid != nil {
		x.typ, x.grid = typeInt8, t.grid
	}
	return x
}

func (t *tflite) tensor(x tfliteTensor) int {
	t.tensors = append(t.tensors, x)
	return len(t.tensors) - 1
}

// constant adds a tensor with data, a slice of float32 or int32.
func (t *tflite) constant(name string, typ int, data any, shape ...int) int {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, data) // a Buffer takes everything
	t.buffers = append(t.buffers, b.Bytes())
	return t.tensor(tfliteTensor{name: name, shape: shape, typ: typ, data: len(t.buffers) - 1})
}

// layer adds a step, and one before it where the padding has no name in the schema.
func (t *tflite) layer(l *layer) {
	in, padding := []int{}, padValid
	for _, x := range l.in {
		in = append(in, t.index[x])
	}
	if l.pad > 0 {
		in[0], padding = t.pad(l)
	}
	act, name := activations[l.act], l.out.name
	step := tfliteStep{op: tfliteOps[l.kind]}
	switch l.kind {
	case conv:
		in = append(in, t.weights(l, "ohwi", l.outC, l.k, l.k, l.inC))
		step.options = []field{small(0, padding), num(1, l.stride), num(2, l.stride), small(3, act), num(4, 1), num(5, 1)}
	case depthwise:
		in = append(in, t.weights(l, "ohwi", 1, l.k, l.k, l.outC))
		step.options = []field{small(0, padding), num(1, l.stride), num(2, l.stride), num(3, 1), small(4, act), num(5, 1), num(6, 1)}
	case dense:
		in = append(in, t.weights(l, "", l.outC, l.inC))
		step.options = []field{small(0, act)}
	case maxPool:
		step.options = []field{small(0, padding), num(1, l.stride), num(2, l.stride), num(3, l.k), num(4, l.k), small(5, 0)}
	case add, mul:
		step.options = []field{small(0, act)}
	case concat:
		step.options = []field{num(0, 3), small(1, 0)}
	case average:
		in = append(in, t.constant(name+"_axes", typeInt32, []int32{1, 2}, 2))
		step.options = []field{small(0, 1)} // keep the dimensions
	case flatten:
		in = append(in, t.constant(name+"_shape", typeInt32, []int32{1, int32(l.out.c)}, 2))
	}
	if l.b != nil {
		in = append(in, t.bias(l))
	}
	step.in, step.out = in, t.result(l.out)
	t.steps = append(t.steps, step)
}

// pad returns what a layer with padding reads, and the padding's name. The schema
// knows "same", which puts an odd zero at the end only; anything else is a step of
// its own.
func (t *tflite) pad(l *layer) (input, padding int) {
	x, y := l.in[0], l.out
	total := func(out, in int) int { return max((out-1)*l.stride+l.k-in, 0) }
	if total(y.h, x.h) == 2*l.pad && total(y.w, x.w) == 2*l.pad {
		return t.index[x], padSame
	}
	p := int32(l.pad)
	pads := t.constant(y.name+"_pads", typeInt32, []int32{0, 0, p, p, p, p, 0, 0}, 4, 2)
	step := tfliteStep{op: tfliteOp{codePad, 22}, in: []int{t.index[x], pads}}
	if l.kind == maxPool { // the values are not negative, so a zero is never a maximum by itself
		step.op = tfliteOp{codePadV2, 44}
		step.in = append(step.in, t.zero(y.name+"_zero", t.index[x]))
	}
	padded := t.tensors[t.index[x]]
	padded.name, padded.shape = y.name+"_padded", []int{1, x.h + 2*l.pad, x.w + 2*l.pad, x.c}
	step.out = t.tensor(padded)
	t.steps = append(t.steps, step)
	return step.out, padValid
}

// zero adds a zero of the kind of a tensor.
func (t *tflite) zero(name string, like int) int {
	g := t.tensors[like].grid
	if g == nil {
		return t.constant(name, typeFloat32, []float32{0}, 1)
	}
	made := t.constant(name, typeInt8, []int8{int8(g.zero)}, 1)
	t.tensors[made].grid = g
	return made
}

// write encodes the file.
func (t *tflite) write(input, output int) []byte {
	codes, position := []int{}, map[int]int{}
	for _, s := range t.steps {
		if _, ok := position[s.op.code]; !ok {
			position[s.op.code] = len(codes)
			codes = append(codes, s.op.code)
		}
	}
	f := &flat{b: append(make([]byte, 4), "TFL3"...)}
	tensor := func(i int) int {
		x := t.tensors[i]
		fields := []field{offset(0, func() int { return f.ints(x.shape) }), small(1, x.typ), num(2, x.data),
			offset(3, func() int { return f.text(x.name) })}
		if x.grid != nil {
			fields = append(fields, offset(4, func() int { return x.grid.table(f) }))
		}
		return f.table(fields...)
	}
	step := func(i int) int {
		s := t.steps[i]
		fields := []field{num(0, position[s.op.code]), offset(1, func() int { return f.ints(s.in) }),
			offset(2, func() int { return f.ints([]int{s.out}) })}
		if s.op.options != 0 {
			fields = append(fields, small(3, s.op.options), offset(4, func() int { return f.table(s.options...) }))
		}
		return f.table(fields...)
	}
	graph := func(int) int {
		return f.table(
			offset(0, func() int { return f.tables(len(t.tensors), tensor) }),
			offset(1, func() int { return f.ints([]int{input}) }),
			offset(2, func() int { return f.ints([]int{output}) }),
			offset(3, func() int { return f.tables(len(t.steps), step) }))
	}
	buffer := func(i int) int {
		if t.buffers[i] == nil {
			return f.table()
		}
		return f.table(offset(0, func() int { return f.bytes(t.buffers[i]) }))
	}
	code := func(i int) int { return f.table(small(0, codes[i]), num(2, 1), num(3, codes[i])) }
	f.point(0, f.table(num(0, 3),
		offset(1, func() int { return f.tables(len(codes), code) }),
		offset(2, func() int { return f.tables(1, graph) }),
		offset(4, func() int { return f.tables(len(t.buffers), buffer) })))
	return f.b
}
