package onnx

import (
	"errors"
	"fmt"
	"strconv"
)

// Code says what kind of problem an Error is.
type Code string

const (
	// Truncated marks a message that ends inside a field.
	Truncated Code = "truncated"
	// Malformed marks bytes that are not the message they should be.
	Malformed Code = "malformed"
	// TooLarge marks something beyond the limits of this package.
	TooLarge Code = "too-large"
	// Unsupported marks valid ONNX that Larder cannot represent.
	Unsupported Code = "unsupported"
)

// Error is what decoding reports.
type Error struct {
	// Code is the kind of problem.
	Code Code
	// Path leads to the place, such as "graph.node[12].attribute[2]"; it is
	// empty for the file as a whole.
	Path string
	// Reason says what is wrong.
	Reason string
	// Err is why the file cannot be read, nil for a fault of its own.
	Err error
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error returns the place and the reason.
func (e *Error) Error() string {
	if e.Path == "" {
		return "onnx: " + e.Reason
	}
	return "onnx: " + e.Path + ": " + e.Reason
}

func fail(code Code, format string, args ...any) error {
	return &Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// unread is the error of bytes that cannot be read.
func unread(what string, err error) error {
	return &Error{Code: Truncated, Reason: what + " cannot be read: " + err.Error(), Err: err}
}

// within puts a step in front of the path of an Error. Paths are put together
// on the way out, so that a valid file pays nothing for them.
func within(err error, step string) error {
	var e *Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Path == "":
	case e.Path[0] == '(': // a name, which belongs to the step
		step += e.Path
	default:
		step += "." + e.Path
	}
	return &Error{e.Code, step, e.Reason, e.Err}
}

// withinItem is within for one element of a repeated field.
func withinItem(err error, step string, i int) error {
	if err == nil {
		return nil
	}
	return within(err, step+"["+strconv.Itoa(i)+"]")
}
