package main

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// value is what a layer computes for one picture. After flatten, h and w are 1.
type value struct {
	name    string
	c, h, w int
	flat    bool
}

// kind names an operator as the graph files for TensorFlow.js do.
type kind string

// The operators of the nets.
const (
	conv      kind = "conv"
	depthwise kind = "dw"
	dense     kind = "fc"
	add       kind = "add"
	mul       kind = "mul"
	concat    kind = "concat"
	maxPool   kind = "maxpool" // of values that are not negative
	average   kind = "gap"
	sigmoid   kind = "sigmoid"
	flatten   kind = "flatten"
)

// layer is one step. An activation is part of the step before it; formats without
// such steps write two.
type layer struct {
	kind      kind
	in        []*value
	out       *value
	k         int // size of the window
	stride    int
	pad       int       // on each side
	act       string    // "", relu or relu6
	w         []float32 // conv: out, in, k, k; dw: out, k, k; fc: out, in
	b         []float32
	inC, outC int
}

// net is a model under construction.
type net struct {
	name   string
	random *rand.Rand
	input  *value
	layers []*layer
	macs   int
}

func newNet(name string) *net {
	return &net{
		name:   name,
		random: rand.New(rand.NewPCG(7, 11)),
		input:  &value{name: "input", c: 3, h: 224, w: 224},
	}
}

// output is the value of the last layer.
func (n *net) output() *value { return n.layers[len(n.layers)-1].out }

// finish names the output.
func (n *net) finish() { n.output().name = "output" }

// push appends a layer with a result of the given size.
func (n *net) push(l *layer, c, h, w int) *value {
	n.layers = append(n.layers, l)
	l.out = &value{name: fmt.Sprintf("%s_%d", l.kind, len(n.layers)), c: c, h: h, w: w}
	return l.out
}

// weights returns uniform random numbers of the given variance. A uniform
// distribution needs no function that differs between processors in its last bit.
func (n *net) weights(count int, variance float64) []float32 {
	limit := float32(math.Sqrt(3 * variance))
	list := make([]float32, count)
	for i := range list {
		list[i] = (2*n.random.Float32() - 1) * limit
	}
	return list
}

// window says how a convolution moves.
type window struct{ k, stride, pad int }

// conv appends a convolution. gain scales the variance of the result, to keep
// values in a sane range through many layers.
func (n *net) conv(x *value, out int, w window, act string, gain float64) *value {
	l := &layer{kind: conv, in: []*value{x}, k: w.k, stride: w.stride, pad: w.pad, act: act, inC: x.c, outC: out}
	return n.filter(l, x.c, gain)
}

// depthwise appends a convolution of each channel by itself.
func (n *net) depthwise(x *value, w window, act string) *value {
	l := &layer{kind: depthwise, in: []*value{x}, k: w.k, stride: w.stride, pad: w.pad, act: act, inC: x.c, outC: x.c}
	return n.filter(l, 1, 2)
}

// filter gives a convolution its weights; each result is a sum over fanIn channels.
func (n *net) filter(l *layer, fanIn int, gain float64) *value {
	x := l.in[0]
	h := (x.h+2*l.pad-l.k)/l.stride + 1
	w := (x.w+2*l.pad-l.k)/l.stride + 1
	fan := fanIn * l.k * l.k
	l.w = n.weights(l.outC*fan, gain/float64(fan))
	l.b = n.weights(l.outC, 0.0004)
	n.macs += l.outC * h * w * fan
	return n.push(l, l.outC, h, w)
}

func (n *net) dense(x *value, out int) *value {
	l := &layer{kind: dense, in: []*value{x}, inC: x.c, outC: out}
	l.w = n.weights(out*x.c, 1/float64(x.c))
	l.b = make([]float32, out)
	n.macs += out * x.c
	y := n.push(l, out, 1, 1)
	y.flat = true
	return y
}

func (n *net) maxPool(x *value, w window) *value {
	l := &layer{kind: maxPool, in: []*value{x}, k: w.k, stride: w.stride, pad: w.pad}
	return n.push(l, x.c, (x.h+2*w.pad-w.k)/w.stride+1, (x.w+2*w.pad-w.k)/w.stride+1)
}

func (n *net) add(a, b *value, act string) *value {
	return n.push(&layer{kind: add, in: []*value{a, b}, act: act}, a.c, a.h, a.w)
}

// mul multiplies by a value of the same size or by one number per channel.
func (n *net) mul(a, b *value) *value {
	return n.push(&layer{kind: mul, in: []*value{a, b}}, a.c, a.h, a.w)
}

func (n *net) concat(a, b *value) *value {
	return n.push(&layer{kind: concat, in: []*value{a, b}}, a.c+b.c, a.h, a.w)
}

func (n *net) sigmoid(x *value) *value {
	return n.push(&layer{kind: sigmoid, in: []*value{x}}, x.c, x.h, x.w)
}

// swish is x times its sigmoid.
func (n *net) swish(x *value) *value { return n.mul(x, n.sigmoid(x)) }

func (n *net) average(x *value) *value {
	return n.push(&layer{kind: average, in: []*value{x}}, x.c, 1, 1)
}

func (n *net) flatten(x *value) *value {
	y := n.push(&layer{kind: flatten, in: []*value{x}}, x.c*x.h*x.w, 1, 1)
	y.flat = true
	return y
}
