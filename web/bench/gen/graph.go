package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
)

// graphOp is one step of a graph file. Weights lie in the .bin file.
type graphOp struct {
	Op      kind     `json:"op"`
	X       string   `json:"x,omitempty"`
	X2      string   `json:"x2,omitempty"`
	Xs      []string `json:"xs,omitempty"`
	Y       string   `json:"y"`
	W       *block   `json:"w,omitempty"`
	B       *block   `json:"b,omitempty"`
	K       []int    `json:"k,omitempty"`
	Stride  []int    `json:"stride,omitempty"`
	Pads    []int    `json:"pads,omitempty"` // top, left, bottom, right
	Act     *string  `json:"act"`
	InSize  []int    `json:"ish"` // 1, channels, height, width
	OutSize []int    `json:"osh"`
}

// block is a piece of the .bin file: float32, little-endian.
type block struct {
	Off   int   `json:"off"`
	Shape []int `json:"shape"`
}

// encodeGraph writes a net as a list of fused steps, channels last, and its weights.
func encodeGraph(n *net) (graph, weights []byte) {
	var blob bytes.Buffer
	keep := func(data []float32, shape ...int) *block {
		b := &block{blob.Len(), shape}
		binary.Write(&blob, binary.LittleEndian, data) // a Buffer takes everything
		return b
	}
	ops := []graphOp{}
	for _, l := range n.layers {
		x, y := l.in[0], l.out
		op := graphOp{Op: l.kind, X: x.name, Y: y.name, InSize: []int{1, x.c, x.h, x.w}, OutSize: []int{1, y.c, y.h, y.w}}
		if l.act != "" {
			op.Act = &l.act
		}
		if l.stride > 0 {
			op.K, op.Stride, op.Pads = []int{l.k, l.k}, []int{l.stride, l.stride}, []int{l.pad, l.pad, l.pad, l.pad}
		}
		switch l.kind {
		case conv:
			op.W, op.B = keep(transpose(l, "hwio"), l.k, l.k, l.inC, l.outC), keep(l.b, l.outC)
		case depthwise:
			op.W, op.B = keep(transpose(l, "hwio"), l.k, l.k, l.outC, 1), keep(l.b, l.outC)
		case dense:
			op.W, op.B = keep(transpose(l, "hwio"), l.inC, l.outC), keep(l.b, l.outC)
		case add, mul:
			op.X2 = l.in[1].name
		case concat:
			op.X, op.Xs = "", []string{x.name, l.in[1].name}
		}
		ops = append(ops, op)
	}
	graph, err := json.Marshal(map[string]any{
		"input": n.input.name, "ishape": []int{1, n.input.h, n.input.w, n.input.c}, "output": n.output().name, "ops": ops,
	})
	if err != nil {
		panic(err) // names and numbers always have a JSON form
	}
	return graph, blob.Bytes()
}

// transpose returns a layer's weights in another order than out, in, height, width:
// "hwio" or "ohwi". A depthwise layer has no in, and "ohwi" means height, width, out.
func transpose(l *layer, order string) []float32 {
	in, area := l.inC, max(l.k*l.k, 1)
	if l.kind == depthwise {
		in, order = 1, "hwio"
	}
	result := make([]float32, len(l.w))
	for o := range l.outC {
		for i := range in {
			for p := range area {
				to := (p*in+i)*l.outC + o
				if order == "ohwi" {
					to = (o*area+p)*in + i
				}
				result[to] = l.w[(o*in+i)*area+p]
			}
		}
	}
	return result
}
