package graph

import (
	"fmt"
	"strings"

	"larder/model/op"
)

// Error reports a graph that is broken, or valid but beyond Larder, in a way
// that is not about one operator.
type Error struct {
	// Code is op.Invalid or op.Unsupported.
	Code op.Code
	// Path leads to the place, such as `graph.input("x")`.
	Path string
	// Reason says what is wrong.
	Reason string
}

// Error returns the place and the reason.
func (e *Error) Error() string { return "graph: " + e.Path + ": " + e.Reason }

func invalid(path, format string, args ...any) error {
	return &Error{op.Invalid, path, fmt.Sprintf(format, args...)}
}

func unsupported(path, format string, args ...any) error {
	return &Error{op.Unsupported, path, fmt.Sprintf(format, args...)}
}

// NodeError says which node an operator's error is about.
type NodeError struct {
	// Path leads to the node in the file.
	Path string
	// Op, Domain and Opset identify the operator.
	Op, Domain string
	Opset      int
	// Inputs is what was known of the inputs; nil if the node was not yet
	// connected.
	Inputs []op.Value
	// Err is the operator's own error: an *op.Error or a *PanicError.
	Err error
}

// Error returns the node, the operator, its opset and inputs, and the reason.
func (e *NodeError) Error() string {
	s := fmt.Sprintf("graph: %s: %s: %v", e.Path, e.operator(), e.Err)
	if len(e.Inputs) == 0 {
		return s
	}
	in := make([]string, len(e.Inputs))
	for i, v := range e.Inputs {
		in[i] = v.String()
	}
	return s + "; inputs " + strings.Join(in, ", ")
}

// operator returns "Conv opset 13" or "ai.onnx.ml.Scaler opset 3".
func (e *NodeError) operator() string {
	name := e.Op
	if e.Domain != "" {
		name = e.Domain + "." + e.Op
	}
	return fmt.Sprintf("%s opset %d", name, e.Opset)
}

// Unwrap returns the operator's own error.
func (e *NodeError) Unwrap() error { return e.Err }

// UnsupportedError lists every node of a model that Larder cannot run, so that
// one look tells what is missing.
type UnsupportedError struct {
	// Nodes has at least one element, in file order.
	Nodes []*NodeError
}

// maxListed bounds how many operators the text of an UnsupportedError names.
const maxListed = 20

// Error lists the operators, each with its first node and reason.
func (e *UnsupportedError) Error() string {
	type group struct {
		first *NodeError
		n     int
	}
	groups := map[string]*group{}
	var order []*group
	for _, n := range e.Nodes {
		key := n.operator() + "\x00" + n.Err.Error()
		g := groups[key]
		if g == nil {
			g = &group{first: n}
			groups[key] = g
			order = append(order, g)
		}
		g.n++
	}
	var b strings.Builder
	b.WriteString("graph: unsupported operators: ")
	for i, g := range order {
		if i == maxListed {
			fmt.Fprintf(&b, "; and %d more", len(order)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s at %s", g.first.operator(), g.first.Path)
		if g.n > 1 {
			fmt.Fprintf(&b, " and %d more", g.n-1)
		}
		fmt.Fprintf(&b, " (%v)", g.first.Err)
	}
	return b.String()
}

// Unwrap returns the nodes' errors.
func (e *UnsupportedError) Unwrap() []error {
	errs := make([]error, len(e.Nodes))
	for i, n := range e.Nodes {
		errs[i] = n
	}
	return errs
}

// PanicError is a panic inside an operator: a defect of Larder, caught so that
// the program lives on.
type PanicError struct {
	// Value is what the operator panicked with.
	Value any
	// Stack is the goroutine's stack at that point.
	Stack []byte
}

// Error returns the panic's value.
func (e *PanicError) Error() string { return fmt.Sprintf("the operator panicked: %v", e.Value) }
