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
	e, err := newEdit(g)
	if err != nil {
		return err
	}
	seen := map[string]*graph.Node{}
	numbers := map[*graph.Value]int{}
	e.each(func(n *graph.Node) {
		key, ok := identity(n, numbers)
		if !ok {
			return
		}
		first := seen[key]
		if first == nil {
			seen[key] = n
			return
		}
		e.merge(first, n)
	})
	return e.done()
}

// identity returns a text that two nodes share if they compute the same.
func identity(n *graph.Node, numbers map[*graph.Value]int) (string, bool) {
	if n.Domain != "" || strings.HasPrefix(n.Type, "Random") || slices.Contains([]string{"Multinomial", "Bernoulli", "Dropout"}, n.Type) {
		return "", false
	}
	var b strings.Builder
	fmt.Fprint(&b, n.Type, " ", n.Opset, " ", len(n.Outputs))
	for _, v := range n.Inputs {
		if v != nil && numbers[v] == 0 {
			numbers[v] = len(numbers) + 1
		}
		fmt.Fprint(&b, " ", numbers[v])
	}
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
