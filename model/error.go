package model

import (
	"context"
	"errors"
	"strings"

	"larder/model/engine"
	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/op"
)

// Code says what kind of problem an Error is; callers act on it, never on the
// text. The codes are the same in JavaScript.
type Code string

const (
	// InvalidModel marks a file that is not a valid ONNX model.
	InvalidModel Code = "invalid-model"
	// UnsupportedOperator marks a valid model that needs something Larder does
	// not have: an operator, an element type, a kind of value.
	UnsupportedOperator Code = "unsupported-operator"
	// InvalidInput marks inputs that the model cannot take.
	InvalidInput Code = "invalid-input"
	// UnsupportedInput marks an input of another kind than the model takes, such
	// as a text for a model of pictures.
	UnsupportedInput Code = "unsupported-input"
	// Aborted marks a run whose context ended.
	Aborted Code = "aborted"
	// Closed marks the use of a Session after Close.
	Closed Code = "closed"
	// Internal marks a defect of Larder.
	Internal Code = "internal"
)

// Error is what this package reports.
type Error struct {
	// Code is the kind of problem.
	Code Code
	// Node leads to the node in question, such as `graph.node[12]("conv1")`;
	// empty if the problem is elsewhere. If several operators are unsupported
	// it is the first; Detail names all.
	Node string
	// Op is the node's operator, with its domain unless it is the default one,
	// and Opset the version of it that the model asks for.
	Op    string
	Opset int
	// Inputs describes the node's inputs, such as "float32[1 3 224 224]".
	Inputs []string
	// Detail says what is wrong, with the place.
	Detail string
	// Err is the cause, possibly nil.
	Err error
}

// Error returns the detail.
func (e *Error) Error() string { return "model: " + e.Detail }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// explain makes an *Error of whatever a lower package reported. invalid is the
// code for an operator's Invalid: a fault of the file while loading, and of the
// inputs while running.
func explain(err error, invalid Code) *Error {
	e := &Error{Code: invalid, Detail: detail(err), Err: err}
	var (
		listed    *graph.UnsupportedError
		node      *graph.NodeError
		inGraph   *graph.Error
		inFile    *onnx.Error
		operation *op.Error
		panicked  *graph.PanicError
		host      *engine.HostError
	)
	if errors.As(err, &listed) {
		node = listed.Nodes[0]
	}
	if node != nil || errors.As(err, &node) {
		e.atNode(node)
	}
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		e.Code = Aborted
	case errors.As(err, &panicked), errors.As(err, &host):
		e.Code = Internal
	case listed != nil,
		errors.As(err, &inFile) && inFile.Code == onnx.Unsupported,
		errors.As(err, &inGraph) && inGraph.Code == op.Unsupported,
		errors.As(err, &operation) && operation.Code == op.Unsupported:
		e.Code = UnsupportedOperator
	}
	return e
}

func (e *Error) atNode(n *graph.NodeError) {
	e.Node, e.Op, e.Opset = n.Path, n.Op, n.Opset
	if n.Domain != "" {
		e.Op = n.Domain + "." + n.Op
	}
	for _, v := range n.Inputs {
		e.Inputs = append(e.Inputs, v.String())
	}
}

// detail drops the package prefix: Error.Error puts its own.
func detail(err error) string {
	s := err.Error()
	for _, p := range []string{"onnx: ", "graph: ", "engine: "} {
		s = strings.TrimPrefix(s, p)
	}
	return s
}
