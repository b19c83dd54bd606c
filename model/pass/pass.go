package pass

import "larder/model/graph"

// Pass is one rewrite.
type Pass struct {
	// Name is for messages.
	Name string
	// Run changes the graph in place. An error means that the graph itself is
	// wrong; a pass that finds nothing to do succeeds.
	Run func(*graph.Graph) error
}

// All is the pipeline, in order.
var All = []Pass{
	{"dead", Dead},         // first: what nobody needs must not cost or fail
	{"branch", Branch},     // before the rest: it brings nodes
	{"einsum", Einsum},     // before constants fold: it turns some about
	{"integers", Integers}, // before weights become floats
	{"dead", Dead},
	{foldName, Fold},
	{"identity", Identity},
	{"common", Common},
	// What exporters write out.
	{"layernorm", LayerNorm},
	{"gelu", GELU},
	{"hardswish", HardSwish},
	{"silu", SiLU},
	{"lrn", LRN},
	{"reductions", Reductions},
	{"groupnorm", GroupNorm},
	{"unbind", Unbind},
	{"softmax", Softmax},
	{"transpose", Transpose},
	{"attention", Attention},
	// What convolutions and products take in; in this order, because bounds come
	// last in what the fused operators compute.
	{"pad", Pad},
	{"batchnorm", BatchNorm},
	{"bias", Bias},
	{"residual", Residual},
	{"bounds", Bounds},
	{"trees", Trees},
	{"dead", Dead}, // again: what only folded nodes needed
}

// foldName marks the pass that shares one budget with those in bodies.
const foldName = "fold"

// Run applies the passes in order, then in the bodies of nodes.
func Run(g *graph.Graph, passes []Pass) error { return runIn(g, passes, newBudget(g)) }

func runIn(g *graph.Graph, passes []Pass, b *budget) error {
	for _, p := range passes {
		err := error(nil)
		if p.Name == foldName {
			err = fold(g, b)
		} else {
			err = p.Run(g)
		}
		if err != nil {
			return err
		}
	}
	return bodies(g, passes, b)
}
