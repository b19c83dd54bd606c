//go:build js

package bridge

import (
	"errors"

	"github.com/hack-pad/safejs"
)

// Error is an exception of the host, or what a promise was rejected with.
type Error struct {
	Op      string // what was tried: "fetch", "decode" …
	Name    string // the exception's name: "TypeError", "QuotaExceededError" …
	Message string // the exception's message
}

// Error describes the failure: bridge: op: name: message.
func (e *Error) Error() string {
	s := "bridge: " + e.Op
	if e.Name != "" {
		s += ": " + e.Name
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// errorOf makes an Error of whatever was thrown; hosts and pages may throw
// anything.
func errorOf(op string, reason safejs.Value) *Error {
	e := &Error{Op: op}
	if kindOf(reason) != safejs.TypeObject {
		e.Message = text(reason)
		return e
	}
	if name, err := reason.Get("name"); err == nil && kindOf(name) == safejs.TypeString {
		e.Name = text(name)
	}
	if message, err := reason.Get("message"); err == nil && kindOf(message) == safejs.TypeString {
		e.Message = text(message)
	}
	return e
}

// wrap names the operation in an error that safejs made of a panic. Errors that
// are the host's own keep their name.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	return &Error{Op: op, Message: err.Error()}
}

// kindOf is Value.Type, but a value that Go has no type for (a bigint) is
// TypeUndefined instead of a panic.
func kindOf(v safejs.Value) (t safejs.Type) {
	defer func() {
		if recover() != nil {
			t = safejs.TypeUndefined
		}
	}()
	return v.Type()
}

// text returns v as a string for an error text; "" if it has none.
func text(v safejs.Value) string {
	defer func() { _ = recover() }()
	s, err := v.String()
	if err != nil {
		return ""
	}
	return s
}
