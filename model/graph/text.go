package graph

import (
	"fmt"
	"slices"
	"strings"

	"larder/model/op"
	"larder/model/tensor"
)

// maxShown bounds how many elements of a constant or an attribute Text prints.
const maxShown = 8

// Text returns the graph as readable lines, always the same for the same
// graph. It is for tests and for people, not for reading back:
//
//	graph "mnist" opset 8
//	in  x float32[N 1 28 28]
//	let w = float32[8 1 5 5]
//	y = Conv(x, w) {strides=[1 1]}
//	out y
func (g *Graph) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "graph %q opset %d\n", g.Name, g.Opset)
	for _, v := range g.Inputs {
		fmt.Fprintf(&b, "in  %s %s", v.Name, v.declaration())
		if v.Default != nil {
			fmt.Fprintf(&b, " = %s", literal(v.Default))
		}
		b.WriteByte('\n')
	}
	shown := map[*Value]bool{}
	for _, n := range g.Nodes {
		g.constants(&b, shown, n.Inputs)
		fmt.Fprintf(&b, "%s = %s(%s)%s\n", names(n.Outputs), n.operator(), names(n.Inputs), attributes(n.Attrs))
	}
	g.constants(&b, shown, g.Outputs)
	for _, v := range g.Outputs {
		fmt.Fprintf(&b, "out %s\n", v.Name)
	}
	return b.String()
}

// constants prints each constant before its first use.
func (g *Graph) constants(b *strings.Builder, shown map[*Value]bool, vs []*Value) {
	for _, v := range vs {
		if v != nil && v.Const != nil && !shown[v] {
			shown[v] = true
			fmt.Fprintf(b, "let %s = %s\n", v.Name, literal(v.Const))
		}
	}
}

// declaration returns the declared type with the names of its dimensions.
func (v *Value) declaration() string {
	if !v.Declared.Ranked || v.Declared.DType.Composite() {
		return v.Declared.String()
	}
	dims := make([]string, len(v.Declared.Shape))
	for i, d := range v.Declared.Shape {
		switch {
		case d >= 0:
			dims[i] = fmt.Sprint(d)
		case v.Symbols[i] != "":
			dims[i] = v.Symbols[i]
		default:
			dims[i] = "?"
		}
	}
	return fmt.Sprintf("%v[%s]", v.Declared.DType, strings.Join(dims, " "))
}

func (n *Node) operator() string {
	if n.Domain == "" {
		return n.Type
	}
	return n.Domain + "." + n.Type
}

func names(vs []*Value) string {
	s := make([]string, len(vs))
	for i, v := range vs {
		if s[i] = "_"; v != nil {
			s[i] = v.Name
		}
	}
	return strings.Join(s, ", ")
}

// literal prints a tensor, with its elements if they are few.
func literal(t *tensor.Tensor) string {
	if t.Len() > maxShown || t.DType().Composite() {
		return t.String()
	}
	return fmt.Sprintf("%v%v", t, t.Any())
}

func attributes(a op.Attrs) string {
	if len(a) == 0 {
		return ""
	}
	keys := make([]string, 0, len(a))
	for k := range a {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = k + "=" + attribute(a[k])
	}
	return " {" + strings.Join(keys, " ") + "}"
}

func attribute(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case *tensor.Tensor:
		return literal(v)
	case *subgraph:
		return fmt.Sprintf("graph(%q)", v.graph.Name)
	case []int64:
		return list(v)
	case []float32:
		return list(v)
	case []string:
		return list(v)
	case int64, float32:
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%T", v)
}

func list[T any](v []T) string {
	if len(v) > maxShown {
		return fmt.Sprintf("%T(%d)", v, len(v))
	}
	return fmt.Sprint(v)
}
