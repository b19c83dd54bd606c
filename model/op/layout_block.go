package op

import (
	"larder/model/tensor"
)

// blocks is DepthToSpace and SpaceToDepth: squares of size×size between the
// channels and the plane.
type blocks struct {
	size    int
	crd     bool // the depth is column-row-depth, not depth-column-row
	toSpace bool
}

func newDepthToSpace(n Node) (Operator, error) {
	mode := "DCR"
	if n.Opset >= 11 {
		var err error
		if mode, err = n.Attrs.String("mode", mode); err != nil {
			return nil, err
		}
	}
	if mode != "DCR" && mode != "CRD" {
		return nil, Invalidf("mode %q is neither DCR nor CRD", mode)
	}
	return newBlocks(n, &blocks{crd: mode == "CRD", toSpace: true})
}

func newSpaceToDepth(n Node) (Operator, error) { return newBlocks(n, &blocks{}) }

func newBlocks(n Node, b *blocks) (Operator, error) {
	size, err := n.Attrs.Int("blocksize", 0)
	if err != nil {
		return nil, err
	}
	if size < 1 || size > 1<<15 {
		return nil, Invalidf("blocksize is %d", size)
	}
	b.size = int(size)
	return newRuled(n, arity{1, 1, 1}, b)
}

func (b *blocks) types(in []Value) ([]Value, error) {
	v := in[0]
	if !v.Ranked {
		return []Value{dimsOfRank(v.DType, 4)}, nil
	}
	if len(v.Shape) != 4 {
		return nil, Invalidf("%v has not rank 4", v)
	}
	scale := func(d, up, down int) int {
		if d < 0 {
			return tensor.Unknown
		}
		return d * up / down
	}
	s, sq := b.size, b.size*b.size
	n, c, h, w := v.Shape[0], v.Shape[1], v.Shape[2], v.Shape[3]
	if b.toSpace {
		if c >= 0 && c%sq != 0 {
			return nil, Invalidf("%d channels cannot be cut by blocksize %d", c, s)
		}
		return []Value{Of(v.DType, n, scale(c, 1, sq), scale(h, s, 1), scale(w, s, 1))}, nil
	}
	if h >= 0 && h%s != 0 || w >= 0 && w%s != 0 {
		return nil, Invalidf("plane of %v cannot be cut by blocksize %d", v, s)
	}
	return []Value{Of(v.DType, n, scale(c, sq, 1), scale(h, 1, s), scale(w, 1, s))}, nil
}

func (b *blocks) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	dst, m, err := moved(out[0], in[0])
	if err != nil {
		return nil, err
	}
	// The box is image, channel, row, column, row and column in the block. deep
	// is the side with more channels, wide the one with the larger plane.
	deep, wide := in[0].Shape(), out[0].Shape
	if !b.toSpace {
		deep, wide = wide, deep
	}
	s, ds, ws := b.size, deep.Strides(), wide.Strides()
	box := []int{deep[0], wide[1], deep[2], deep[3], s, s}
	inWide := []int{ws[0], ws[1], ws[2] * s, ws[3] * s, ws[2], ws[3]}
	plane := ds[1]
	inDeep := []int{ds[0], plane, ds[2], ds[3], plane * s * wide[1], plane * wide[1]}
	if b.crd {
		inDeep = []int{ds[0], plane * s * s, ds[2], ds[3], plane * s, plane}
	}
	if b.toSpace {
		walk(m, box, inWide, inDeep, 0, 0)
	} else {
		walk(m, box, inDeep, inWide, 0, 0)
	}
	return []*tensor.Tensor{dst}, nil
}
