package registry

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an error is. Callers act on it, never on the text.
type Code string

// The codes of this package.
const (
	// Offline: no answer, a broken connection, or a server that reports trouble of its
	// own (429, 5xx). Worth another try later.
	Offline Code = "offline"
	// NotFound: the registry has no such model, version or file.
	NotFound Code = "not-found"
	// Corrupt: bytes arrived that are not what the manifest promises.
	Corrupt Code = "corrupt"
	// Invalid: the index or a manifest breaks its format.
	Invalid Code = "invalid"
	// Newer: the index or a manifest was made by a newer Larder.
	Newer Code = "newer"
	// InvalidInput: the caller passed something that is no name or no version selector.
	InvalidInput Code = "invalid-input"
	// Aborted: the context ended. errors.Is also finds its error.
	Aborted Code = "aborted"
	// Internal: anything else.
	Internal Code = "internal"
)

// Error is the only error type that this package, and every [Fetcher], returns; what
// a caller's own function returned passes unchanged.
type Error struct {
	Code   Code
	Op     string // what was tried: "fetch", "resolve", "manifest" …
	Path   string // on which path of the registry; may be empty
	Status int    // HTTP status, or 0
	Detail string // what is wrong and what to do; may be empty
	Err    error  // the cause; may be nil
	// Near are names or versions that the caller may have meant (NotFound), at most 10.
	Near []string

	wait time.Duration // the host asked for this pause before the next attempt
}

// Error describes the failure: registry: op "path": detail: cause.
func (e *Error) Error() string {
	s := "registry: " + e.Op
	if e.Path != "" {
		s += fmt.Sprintf(" %q", e.Path)
	}
	if e.Detail == "" && e.Err == nil {
		s += ": " + string(e.Code)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP status %d)", e.Status)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first [Error] in err's chain. An error without one
// is Aborted if a context ended and Internal otherwise; nil has the code "".
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
