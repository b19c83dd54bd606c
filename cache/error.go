package cache

import (
	"errors"
	"fmt"

	"larder/cache/registry"
	"larder/cache/store"
)

// Code says what kind of failure an error is; the same words as in larder.js.
type Code string

// The codes that a Cache returns.
const (
	NotFound     Code = "not-found"     // no such model, version or file
	Offline      Code = "offline"       // the registry cannot be reached and nothing usable is stored
	TooOld       Code = "expired"       // stored, but older than stale-if-error allows, and the registry gives no answer
	Corrupt      Code = "corrupt"       // bytes are not what the manifest promises, here and at the registry
	Quota        Code = "quota"         // no room to store the version
	Aborted      Code = "aborted"       // the context ended
	InvalidModel Code = "invalid-model" // index or manifest break their format, or are made by a newer Larder
	InvalidInput Code = "invalid-input" // the caller passed a bad name or version range
	Closed       Code = "closed"        // the cache or its store was closed
	Internal     Code = "internal"      // anything else
)

// Error is the only error type that a Cache returns.
type Error struct {
	Code    Code
	Op      string // "get", "refresh", "file" …
	Name    string // the model
	Version string // the version or range asked for; may be empty
	Detail  string // what is wrong and what to do, for a person; may be empty
	Err     error  // the cause; may be nil
	// Need and Free are bytes: what there must be room for, and how much there is (Quota).
	Need, Free int64
	// Near are names or versions that the caller may have meant (NotFound), at most 10.
	Near []string
}

// Error describes the failure: cache: op "name@version": detail: cause.
func (e *Error) Error() string {
	s := "cache: " + e.Op
	if e.Name != "" {
		key := e.Name
		if e.Version != "" {
			key += "@" + e.Version
		}
		s += fmt.Sprintf(" %q", key)
	}
	if e.Detail == "" && e.Err == nil {
		return s + ": " + string(e.Code)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of err: of the first [Error], registry.Error or store.Error
// in its chain; Aborted for the error of a context, Internal for any other, "" for nil.
func CodeOf(err error) Code {
	var own *Error
	var fromRegistry *registry.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &own):
		return own.Code
	case errors.As(err, &fromRegistry):
		return registryCodes[fromRegistry.Code]
	}
	if c, ok := storeCodes[store.CodeOf(err)]; ok {
		return c
	}
	return Internal
}

var registryCodes = map[registry.Code]Code{
	registry.Offline:      Offline,
	registry.NotFound:     NotFound,
	registry.Corrupt:      Corrupt,
	registry.Invalid:      InvalidModel,
	registry.Newer:        InvalidModel,
	registry.InvalidInput: InvalidInput,
	registry.Aborted:      Aborted,
	registry.Internal:     Internal,
}

// A missing record or an incomplete one inside the store is this package's mistake,
// not the caller's, and so are the codes that are not listed here.
var storeCodes = map[store.Code]Code{
	store.Corrupt: Corrupt,
	store.Quota:   Quota,
	store.Aborted: Aborted,
	store.Closed:  Closed,
}

// asRegistry finds a registry's error in err's chain.
func asRegistry(err error) (*registry.Error, bool) {
	var e *registry.Error
	ok := errors.As(err, &e)
	return e, ok
}
