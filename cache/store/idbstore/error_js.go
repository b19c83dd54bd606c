//go:build js

package idbstore

import (
	"errors"
	"fmt"
	"syscall/js"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// exception is an error of the browser: a DOMException or what a call threw.
type exception struct{ name, message string }

func (e *exception) Error() string {
	if e.message == "" {
		return e.name
	}
	return e.name + ": " + e.message
}

// thrown returns the exception in what a safejs call returned.
func thrown(err error) error {
	var own *exception
	var raw js.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case errors.As(err, &raw):
		return exceptionOf(safejs.Safe(raw.Value))
	}
	return err
}

// exceptionOf reads a DOMException or Error; null gives nil.
func exceptionOf(v safejs.Value) error {
	if v.Type() != safejs.TypeObject {
		return nil
	}
	return &exception{name: stringAt(v, "name"), message: stringAt(v, "message")}
}

// exceptionName returns the name of an exception, or "".
func exceptionName(err error) string {
	var ex *exception
	if errors.As(thrown(err), &ex) {
		return ex.name
	}
	return ""
}

// codes maps the names of exceptions; others are Internal.
// https://w3c.github.io/IndexedDB/#exceptions
var codes = map[string]store.Code{
	"QuotaExceededError": store.Quota,
	"VersionError":       store.Blocked, // a newer page has upgraded the database
	"DataError":          store.Invalid,
	"DataCloneError":     store.Invalid,
}

// typed makes the store's error of anything that went wrong.
func typed(op, key string, err error) error {
	err = thrown(err)
	var own *store.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	e := &store.Error{Code: store.Internal, Op: op, Key: key, Err: err}
	var ex *exception
	if errors.As(err, &ex) {
		if code, ok := codes[ex.name]; ok {
			e.Code = code
		}
		if ex.name == "VersionError" {
			e.Err = fmt.Errorf("a newer version of this site has upgraded the database: reload the page (%w)", ex)
		}
	}
	return e
}

// lost reports whether an error shows that the connection is gone, because the
// database was deleted, evicted or taken over by another tab, so that opening it again
// may help.
func lost(err error) bool {
	switch exceptionName(err) {
	case "InvalidStateError", "NotFoundError", "AbortError", "UnknownError":
		return true
	}
	return false
}
