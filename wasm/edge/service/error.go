package service

import (
	"errors"
	"fmt"

	"github.com/go-faster/jx"

	"larder/cache/registry"
	"larder/model"
	"larder/model/pack"
	"larder/model/post"
	"larder/model/pre"
)

// httpError is an error with the HTTP status that tells it to a client.
type httpError struct {
	status int
	allow  string
	text   string
}

func (e *httpError) Error() string { return e.text }

func httpErrorf(status int, format string, args ...any) error {
	return &httpError{status: status, text: fmt.Sprintf(format, args...)}
}

// needError ends a request that lacks objects.
type needError []Need

func (needError) Error() string { return "service: objects are needed first" }

// toHTTP finds the status for an error of any package below: 400 if the request
// is wrong, 404 if what it names is not there, 501 for a model that Larder
// cannot run, 502 for a registry that is broken.
func toHTTP(err error) *httpError {
	var (
		he *httpError
		re *registry.Error
		pe *pack.Error
		me *model.Error
		ie *pre.ImageError
		oe *post.Error
	)
	switch {
	case errors.As(err, &he):
		return he
	case errors.As(err, &ie):
		return &httpError{status: 400, text: ie.Error()}
	case errors.As(err, &re) && re.Code == registry.NotFound:
		return &httpError{status: 404, text: re.Error()}
	case errors.As(err, &re) && re.Code == registry.InvalidInput:
		return &httpError{status: 400, text: re.Error()}
	case errors.As(err, &re):
		return &httpError{status: 502, text: re.Error()}
	case errors.As(err, &pe):
		return &httpError{status: 502, text: pe.Error()}
	case errors.As(err, &me) && (me.Code == model.InvalidInput || me.Code == model.UnsupportedInput):
		return &httpError{status: 400, text: me.Error()}
	case errors.As(err, &me) && me.Code == model.UnsupportedOperator:
		return &httpError{status: 501, text: me.Error()}
	case errors.As(err, &oe):
		return &httpError{status: 502, text: oe.Error()}
	}
	return &httpError{status: 500, text: err.Error()}
}

// errorBody is the protocol's error object.
func errorBody(text string) []byte {
	var e jx.Encoder
	e.ObjStart()
	e.FieldStart("error")
	e.Str(text)
	e.ObjEnd()
	return e.Bytes()
}
