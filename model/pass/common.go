package pass

import (
	"fmt"
	"slices"
	"strings"

	"larder/model/graph"
)

// Common computes once what is computed twice.
//
//	x ── Sub(m) ── Pow ──          x ── Sub(m) ─┬─ Pow ──
//	x ── Sub(m) ── Div ──    ⇒                  └─ Div ──
//
// Two nodes are the same if operator, attributes and inputs are. It does not
// fire for random numbers, nor where the second names an output of the graph.
func Common(g *graph.Graph) error {
	e := newEdit(g)
	seen := map[likeness][]*graph.Node{}
	e.each(func(n *graph.Node) {
		key := likeness{n.Type, input(n, 0)}
		for _, first := range seen[key] {
			if same(first, n) {
				e.merge(first, n)
				return
			}
		}
		seen[key] = append(seen[key], n)
	})
	return e.done()
}

// likeness is what two nodes that compute the same surely share: few others do.
type likeness struct {
	operator string
	first    *graph.Value
}

// same reports whether two nodes compute the same.
func same(a, b *graph.Node) bool {
	x, ok := identity(a)
	y, ok2 := identity(b)
	return ok && ok2 && x == y && len(a.Outputs) == len(b.Outputs) && slices.Equal(a.Inputs, b.Inputs)
}

// identity returns a text that two nodes share if their operators and attributes are
// the same.
func identity(n *graph.Node) (string, bool) {
	if n.Domain != "" || strings.HasPrefix(n.Type, "Random") || slices.Contains([]string{"Multinomial", "Bernoulli", "Dropout"}, n.Type) {
		return "", false
	}
	var b strings.Builder
	fmt.Fprint(&b, n.Type, " ", n.Opset)
	names := make([]string, 0, len(n.Attrs))
	for name := range n.Attrs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch v := n.Attrs[name].(type) {
		case int64, float32, string, []int64, []float32, []string:
			fmt.Fprintf(&b, " %s=%T%q", name, v, fmt.Sprint(v))
		default: // tensors, graphs
			return "", false
		}
	}
	return b.String(), true
}

// merge makes the readers of n read what first makes.
func (e *edit) merge(first, n *graph.Node) {
	for i, v := range n.Outputs {
		if v != nil && (e.output[v] || first.Outputs[i] == nil) {
			return
		}
	}
	for i, v := range n.Outputs {
		if v != nil {
			e.redirect(v, first.Outputs[i])
		}
	}
	e.unread(n)
	e.dropped[n] = true
}
