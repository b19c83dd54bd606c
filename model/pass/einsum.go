package pass

import (
	"strings"

	"larder/model/graph"
	"larder/model/op"
	"larder/model/tensor"
)

// Einsum writes a sum of products of two values as a matrix product, which has a kernel.
//
//	a, b ── Einsum(bqhd,bkhd->bhqk) ── y
//
//	⇒  a ── Transpose(0, 2, 1, 3) ─┐
//	   b ── Transpose(0, 2, 3, 1) ─ MatMul ── y
//
// Letters of both and of the result count the matrices, those of both only are summed
// over, the others are rows and columns; several letters of a kind are one dimension by a
// Reshape. It does not fire for an ellipsis, a letter twice in a term, or a sum over what
// only one value has.
func Einsum(g *graph.Graph) error {
	if !has(g, "Einsum") {
		return nil
	}
	e := newEdit(g)
	e.each(func(n *graph.Node) {
		if isType(n, "Einsum") && len(n.Inputs) == 2 {
			e.einsum(n)
		}
	})
	return e.done()
}

// contraction is an equation of two terms, its letters by what they do.
type contraction struct {
	a, b, y                   string // as written
	batch, rows, columns, sum string
	size                      map[rune]int // negative if not known
}

// contractionOf reads an equation.
func contractionOf(equation string) (c contraction, ok bool) {
	left, right, explicit := strings.Cut(strings.ReplaceAll(equation, " ", ""), "->")
	c.a, c.b, ok = strings.Cut(left, ",")
	c.y = right
	if !ok || !explicit || strings.ContainsAny(equation, ".") {
		return c, false
	}
	for _, term := range []string{c.a, c.b, c.y} {
		for _, l := range term {
			ok = ok && strings.Count(term, string(l)) == 1
		}
	}
	for _, l := range c.a {
		switch inB, inY := strings.ContainsRune(c.b, l), strings.ContainsRune(c.y, l); {
		case inB && inY:
			c.batch += string(l)
		case inB:
			c.sum += string(l)
		case inY:
			c.rows += string(l)
		default:
			return c, false
		}
	}
	for _, l := range c.b {
		if !strings.ContainsRune(c.a, l) {
			if !strings.ContainsRune(c.y, l) {
				return c, false
			}
			c.columns += string(l)
		}
	}
	return c, ok && len(c.y) == len(c.batch)+len(c.rows)+len(c.columns)
}

func (e *edit) einsum(n *graph.Node) {
	text, err := n.Attrs.String("equation", "")
	c, ok := contractionOf(text)
	if err != nil || !ok || !c.measure(e.of(n.Inputs[0]), e.of(n.Inputs[1])) {
		return
	}
	name := n.Outputs[0].Name
	a := e.arranged(n, n.Inputs[0], name+"/a", &c, c.a, c.rows, c.sum)
	b := e.arranged(n, n.Inputs[1], name+"/b", &c, c.b, c.sum, c.columns)
	made := c.batch + c.rows + c.columns
	shape, plain := c.shape(c.batch, c.rows, c.columns, true)
	if a == nil || b == nil || shape == nil {
		return
	}
	swap := c.y != made
	if plain && !swap {
		e.replace(n, "", "MatMul", nil, []*graph.Value{a, b})
		return
	}
	y := e.insert(n, "MatMul", nil, []*graph.Value{a, b}, name+"/product")
	if y == nil {
		return
	}
	if !plain {
		to := e.constant(name+"/shape", tensor.Vector(shape...))
		if !swap {
			e.replace(n, "", "Reshape", nil, []*graph.Value{y, to})
			return
		}
		if y = e.insert(n, "Reshape", nil, []*graph.Value{y, to}, name+"/apart"); y == nil {
			return
		}
	}
	e.replace(n, "", "Transpose", op.Attrs{"perm": order(made, c.y)}, []*graph.Value{y})
}

// measure notes the sizes of the letters, and reports whether they fit: only those of
// the batch may broadcast. Where a size is not known, the run will tell.
func (c *contraction) measure(a, b op.Value) bool {
	if !a.Ranked || !b.Ranked || len(a.Shape) != len(c.a) || len(b.Shape) != len(c.b) || a.DType != tensor.Float32 || b.DType != tensor.Float32 {
		return false
	}
	c.size = map[rune]int{}
	for i, l := range c.a {
		c.size[l] = a.Shape[i]
	}
	for i, l := range c.b {
		have, both := c.size[l]
		if both && have >= 0 && b.Shape[i] >= 0 && have != b.Shape[i] {
			return false
		}
		if !both || have < 0 {
			c.size[l] = b.Shape[i]
		}
	}
	for _, size := range c.size {
		if size == 0 { // a Reshape would copy the dimension at its place
			return false
		}
	}
	return true
}

// arranged returns v as matrices: letters of the batch, then those of two kinds as one
// dimension each.
func (e *edit) arranged(n *graph.Node, v *graph.Value, name string, c *contraction, from, first, second string) *graph.Value {
	if to := c.batch + first + second; to != from {
		if v = e.insert(n, "Transpose", op.Attrs{"perm": order(from, to)}, []*graph.Value{v}, name); v == nil {
			return nil
		}
	}
	shape, plain := c.shape(c.batch, first, second, false)
	if plain {
		return v
	}
	if shape == nil {
		return nil
	}
	return e.insert(n, "Reshape", nil, []*graph.Value{v, e.constant(name+"/shape", tensor.Vector(shape...))}, name+"/flat")
}

// shape returns the target of a Reshape: 0 for each letter of the batch, whose size stays,
// then each kind as one dimension, or apart. plain says that it changes nothing, nil
// that too many sizes are not known.
func (c *contraction) shape(batch, first, second string, apart bool) (to []int64, plain bool) {
	to = make([]int64, len(batch))
	unknown := 0
	put := func(letters string) {
		size := int64(1)
		for _, l := range letters {
			if c.size[l] < 0 || size < 0 {
				size = -1
			} else {
				size *= int64(c.size[l])
			}
		}
		if size < 0 {
			unknown++
		}
		to = append(to, size)
	}
	for _, kind := range []string{first, second} {
		if !apart {
			put(kind)
			continue
		}
		for _, l := range kind {
			put(string(l))
		}
	}
	plain = len(first) == 1 && len(second) == 1
	if unknown > 1 && !plain {
		return nil, false
	}
	return to, plain
}

// order is the permutation that brings letters into another order.
func order(from, to string) []int64 {
	perm := make([]int64, 0, len(to))
	for _, l := range to {
		perm = append(perm, int64(strings.IndexRune(from, l)))
	}
	return perm
}
