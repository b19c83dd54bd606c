package op

import "fmt"

// Code says what kind of error an Error is.
type Code uint8

const (
	// Invalid marks a node, or inputs, that break the ONNX specification.
	Invalid Code = iota + 1
	// Unsupported marks something that keeps to the specification but that
	// Larder does not implement. It is never answered with a wrong number.
	Unsupported
)

// Error is what an operator reports. It does not name the node: model/graph and
// model/engine wrap it with the node's path, operator, opset and input shapes.
type Error struct {
	// Code is Invalid or Unsupported.
	Code Code
	// Reason says what is wrong, in a few words, without the operator's name.
	Reason string
}

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

// Invalidf returns an Invalid error.
func Invalidf(format string, args ...any) error {
	return &Error{Invalid, fmt.Sprintf(format, args...)}
}

// Unsupportedf returns an Unsupported error.
func Unsupportedf(format string, args ...any) error {
	return &Error{Unsupported, fmt.Sprintf(format, args...)}
}
