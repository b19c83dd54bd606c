package store

import (
	"context"
	"errors"
	"fmt"
)

// Code says what kind of failure an error is. Callers act on it, never on the text.
type Code string

// The codes that a store returns.
const (
	// NotFound: no record, pointer or document has this key.
	NotFound Code = "not-found"
	// Incomplete: Commit refused a record because a chunk that it needs is not stored.
	Incomplete Code = "incomplete"
	// Corrupt: what is stored cannot be read as what it should be.
	Corrupt Code = "corrupt"
	// Quota: the disk, or the share of it that this origin may use, is full.
	Quota Code = "quota"
	// Blocked: another user of the same database (an old page) keeps it from opening, or
	// a newer Larder has given it a form that this one does not know.
	Blocked Code = "blocked"
	// Closed: the store was closed.
	Closed Code = "closed"
	// Aborted: the context ended first. errors.Is also finds context.Canceled or
	// context.DeadlineExceeded.
	Aborted Code = "aborted"
	// Invalid: the caller passed something that the contract excludes.
	Invalid Code = "invalid"
	// Internal: anything else.
	Internal Code = "internal"
)

// Error is the only error type that a store returns.
type Error struct {
	Code Code
	Op   string // what was tried: "put", "commit" …
	Key  string // on which chunk, record, pointer or document; may be empty
	Err  error  // the cause; may be nil
}

// Error describes the failure: store: op "key": code: cause.
func (e *Error) Error() string {
	s := "store: " + e.Op
	if e.Key != "" {
		s += fmt.Sprintf(" %q", e.Key)
	}
	s += ": " + string(e.Code)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first [Error] in err's chain. An error without
// one is Aborted if a context ended and Internal otherwise; nil has the code "".
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Aborted
	}
	return Internal
}

// CheckContext returns an Aborted error for op on key if ctx has ended. Drivers
// call it first in every method.
func CheckContext(ctx context.Context, op, key string) error {
	if err := ctx.Err(); err != nil {
		return &Error{Code: Aborted, Op: op, Key: key, Err: err}
	}
	return nil
}
