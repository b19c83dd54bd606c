package pass

import (
	"slices"
	"strings"

	"larder/model/graph"
	"larder/model/op"
)

// Fold runs the nodes whose inputs are all constant, once, and puts constants
// in their place. It also replaces values that are known without running
// anything, such as the Shape of an input whose sizes are all declared.
//
//	w:float16 ── Cast ── w':float32 ─┐
//	                          Conv   ⇒   w':float32 ── Conv
//	x ───────────────────────────────┘           x ──┘
//
// It must not fire for results that differ between runs, nor where a small file
// would become a large constant or a long computation; see budget. A node that
// fails here is left for the run to report.
func Fold(g *graph.Graph) error { return fold(g, newBudget(g)) }

func fold(g *graph.Graph, b *budget) error {
	facts, err := graph.Infer(g, graph.InferOptions{Evaluate: b.allows})
	if err != nil {
		return err
	}
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		if !replace(n, facts) {
			kept = append(kept, n)
		}
	}
	clear(g.Nodes[len(kept):]) // let go of the folded ones
	g.Nodes = kept
	return nil
}

// replace makes the outputs of n constants if all of them are known.
func replace(n *graph.Node, facts graph.Facts) bool {
	for _, v := range n.Outputs {
		if v != nil && facts[v].Const == nil {
			return false
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			v.Const, v.Producer = facts[v].Const, nil
		}
	}
	return true
}

// folded lists the operators that are run at load on constants of any size:
// their work grows with their outputs only, or see allows. Convolutions and
// products are not among them.
var folded = map[string]bool{
	"Abs": true, "Add": true, "And": true, "Cast": true, "CastLike": true, "Ceil": true, "Clip": true, "Concat": true,
	"Constant": true, "ConstantOfShape": true, "Cos": true, "DequantizeLinear": true, "Div": true, "Equal": true,
	"Erf": true, "Exp": true, "Expand": true, "Flatten": true, "Floor": true, "Gather": true, "GatherElements": true,
	"GatherND": true, "Greater": true, "GreaterOrEqual": true, "Identity": true, "Less": true, "LessOrEqual": true,
	"Log": true, "Max": true, "Min": true, "Mod": true, "Mul": true, "Neg": true, "Not": true, "Or": true, "Pow": true,
	"QuantizeLinear": true, "Reciprocal": true, "Relu": true, "Reshape": true, "Round": true, "ScatterElements": true,
	"ScatterND": true, "Sigmoid": true, "Sign": true, "Sin": true, "Slice": true, "Split": true, "Sqrt": true,
	"Squeeze": true, "Sub": true, "Tanh": true, "Tile": true, "Transpose": true, "Trilu": true, "Unsqueeze": true,
	"Where": true,
}

// budget bounds what folding may allocate: a few times the constants of the
// file, and something for small files.
type budget struct{ left int64 }

const (
	budgetFree   = 16 << 20 // bytes
	budgetFactor = 4        // times the constants; float16 to float32 needs 2
)

func newBudget(g *graph.Graph) *budget {
	b := &budget{budgetFree}
	b.add(g, map[*graph.Value]bool{})
	return b
}

// add counts the constants of a graph and its bodies.
func (b *budget) add(g *graph.Graph, seen map[*graph.Value]bool) {
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Const != nil && !seen[v] {
				seen[v] = true
				b.left += budgetFactor * int64(v.Const.Len()) * int64(max(v.Const.DType().Size(), 1))
			}
		}
		if n.Control != nil {
			for _, body := range n.Control.Bodies {
				b.add(body, seen)
			}
		}
	}
}

// allows decides for graph.Infer whether a constant node is run.
func (b *budget) allows(n *graph.Node, in, out []op.Value) bool {
	if !graph.Small(n, in, out) && !(n.Domain == "" && folded[n.Type]) {
		return false
	}
	const widest = 16 // bytes of an element
	size, counted := int64(0), out
	if strings.HasPrefix(n.Type, "Scatter") { // a small result may take many updates
		counted = slices.Concat(in, out)
	}
	for _, v := range counted {
		w := int64(v.DType.Size())
		if w == 0 {
			w = widest
		}
		size += w * graph.Elems([]op.Value{v})
	}
	if size > b.left {
		return false
	}
	b.left -= size
	return true
}
