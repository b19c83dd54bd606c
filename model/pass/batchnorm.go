package pass

import (
	"math"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// BatchNorm folds a BatchNormalization into the weights before it, because at
// inference it only scales and shifts each channel.
//
//	x ── Conv(w, b) ── BatchNormalization ── y   ⇒   x ── Conv(w', b') ── y
//
// It fires for Conv, and for Gemm and MatMul that multiply with a plain matrix,
// if all parameters are constants of 32-bit floats.
func BatchNorm(g *graph.Graph) error {
	if !has(g, "BatchNormalization") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isType(n, "BatchNormalization") && len(n.Inputs) == 5 && len(n.Outputs) == 1 && !op.Trains(n.Attrs) {
			e.foldBatchNorm(n)
		}
	})
	return e.done()
}

func (e *edit) foldBatchNorm(n *graph.Node) {
	p := e.maker(n.Inputs[0], "Conv", "Gemm", "MatMul")
	if p == nil || p.Type == "MatMul" && len(e.of(n.Inputs[0]).Shape) != 2 {
		return
	}
	w := e.constant32(p.Inputs[1])
	scale, shift, ok := e.affine(n)
	if !ok || w == nil || w.Rank() < 2 {
		return
	}
	channel, ok := channelOf(p)
	if !ok || w.Dim(channel) != len(scale) {
		return
	}
	bias := make([]float32, len(scale))
	if v := input(p, 2); v != nil {
		b, _ := e.floats(v)
		if len(b) != len(scale) {
			return
		}
		copy(bias, b)
	}
	for i := range bias {
		bias[i] = float32(float64(bias[i])*scale[i] + shift[i])
	}
	name := n.Outputs[0].Name
	in := []*graph.Value{p.Inputs[0],
		e.constant(name+".weight", scaled(w, channel, scale)),
		e.constant(name+".bias", tensor.Vector(bias...))}
	domain := ""
	if p.Type == "MatMul" {
		domain = op.Fused
	}
	e.replace(n, domain, p.Type, p.Attrs, in, p)
}

// channelOf returns the dimension of p's weights that counts output channels.
func channelOf(p *graph.Node) (int, bool) {
	switch p.Type {
	case "Conv":
		return 0, true
	case "MatMul":
		return 1, true
	}
	transB, _ := p.Attrs.Int("transB", 0)
	alpha, _ := p.Attrs.Float("alpha", 1)
	beta, _ := p.Attrs.Float("beta", 1)
	return int(1 - transB), alpha == 1 && beta == 1
}

// affine returns the factor and the shift of each channel.
func (e *edit) affine(n *graph.Node) (scale, shift []float64, ok bool) {
	eps, err := n.Attrs.Float("epsilon", 1e-5)
	if err != nil {
		return nil, nil, false
	}
	var p [4][]float32 // scale, bias, mean, variance
	for i := range p {
		p[i], _ = e.floats(n.Inputs[i+1])
		if len(p[i]) == 0 || len(p[i]) != len(p[0]) {
			return nil, nil, false
		}
	}
	for i := range p[0] {
		s := float64(p[0][i]) / math.Sqrt(float64(p[3][i])+float64(eps))
		scale = append(scale, s)
		shift = append(shift, float64(p[1][i])-float64(p[2][i])*s)
	}
	return scale, shift, true
}

// scaled multiplies each slice along a dimension with its factor: when the
// elements are read, if those of w are not there yet.
func scaled(w *tensor.Tensor, axis int, scale []float64) *tensor.Tensor {
	s := &scaling{w, w.Shape().Strides()[axis], scale}
	if w.Source() != nil {
		return tensor.Must(tensor.Deferred(tensor.Float32, s, w.Shape()...))
	}
	out, _ := s.Elements(0, w.Len())
	return tensor.Must(tensor.Of(out.([]float32), w.Shape()...))
}

// scaling is a product with factors that change every stride elements. It
// implements tensor.FloatSource.
type scaling struct {
	w      *tensor.Tensor
	stride int
	scale  []float64
}

// Position implements [tensor.Source].
func (s *scaling) Position() int64 {
	if src := s.w.Source(); src != nil {
		return src.Position()
	}
	return 0
}

// Elements implements [tensor.Source].
func (s *scaling) Elements(at, n int) (any, error) {
	out := make([]float32, n)
	return out, s.Floats(out, at)
}

// Floats implements [tensor.FloatSource].
func (s *scaling) Floats(dst []float32, at int) error {
	if err := s.w.Floats(dst, at); err != nil {
		return err
	}
	for i, v := range dst {
		dst[i] = float32(float64(v) * s.scale[(at+i)/s.stride%len(s.scale)])
	}
	return nil
}
