package pass

import (
	"larder/model/graph"
	"larder/model/tensor"
)

// Pad lets a convolution or mean pool pad for itself.
//
//	x ── Pad(0 0 1 1 …) ── Conv ── y    ⇒    x ── Conv{pads=[1 1 …]} ── y
//
// It fires for zeros around the spatial dimensions only. A mean must count the
// padding.
func Pad(g *graph.Graph) error {
	if !has(g, "Pad") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if !isType(n, "Conv", "AveragePool") {
			return
		}
		p := e.maker(n.Inputs[0], "Pad")
		if p == nil || !e.countsZeros(n) {
			return
		}
		if pads := e.zeroPads(p); pads != nil {
			e.addPads(n, p, pads)
		}
	})
	return e.done()
}

// countsZeros reports whether zeros around the input are the same to n as pads.
func (e *edit) countsZeros(n *graph.Node) bool {
	auto, err := n.Attrs.String("auto_pad", "NOTSET")
	if err != nil || auto != "NOTSET" && auto != "" && auto != "VALID" {
		return false
	}
	if isType(n, "Conv") {
		return true
	}
	count, err := n.Attrs.Int("count_include_pad", 0)
	ceil, err2 := n.Attrs.Int("ceil_mode", 0)
	return err == nil && err2 == nil && count == 1 && ceil == 0
}

// zeroPads returns the pads of all dimensions, before and after, if p adds
// zeros and takes nothing away.
func (e *edit) zeroPads(p *graph.Node) []int64 {
	mode, err := p.Attrs.String("mode", "constant")
	if err != nil || mode != "constant" || input(p, 3) != nil || p.Opset < 11 {
		return nil
	}
	if v := input(p, 2); v != nil {
		if c, ok := e.scalar(v); !ok || c != 0 {
			return nil
		}
	}
	v := input(p, 1)
	if v == nil {
		return nil
	}
	t := e.of(v).Const
	if t == nil || t.DType() != tensor.Int64 || t.Len() < 6 || t.Len()%2 != 0 {
		return nil
	}
	pads := tensor.Data[int64](t)
	for i, n := range pads {
		if n < 0 || n > 1<<15 || n > 0 && i%(len(pads)/2) < 2 {
			return nil
		}
	}
	return pads
}

func (e *edit) addPads(n, p *graph.Node, pads []int64) {
	spatial := len(pads)/2 - 2
	own, err := n.Attrs.Ints("pads")
	if err != nil || own != nil && len(own) != 2*spatial {
		return
	}
	sum := make([]int64, 2*spatial)
	copy(sum, own)
	for i := range spatial {
		sum[i] += pads[2+i]
		sum[spatial+i] += pads[len(pads)/2+2+i]
	}
	in := append([]*graph.Value{p.Inputs[0]}, n.Inputs[1:]...)
	e.replace(n, "", n.Type, with(with(n.Attrs, "pads", sum), "auto_pad", "NOTSET"), in, p)
}
