package message

// The codes of an [Error]. They are the same strings in every part of Larder,
// so that a program can act on them and never on a text.
const (
	CodeNotFound            = "not-found"            // no such model, version or handle
	CodeOffline             = "offline"              // the network is needed and does not answer
	CodeExpired             = "expired"              // stored, but older than allowed, and the network is needed
	CodeCorrupt             = "corrupt"              // bytes do not have the digest they should have
	CodeQuota               = "quota"                // the browser gives no more storage
	CodeAborted             = "aborted"              // the caller cancelled
	CodeUnsupportedOperator = "unsupported-operator" // the model needs an operator that does not exist here
	CodeInvalidModel        = "invalid-model"        // the model or its manifest is malformed
	CodeInvalidInput        = "invalid-input"        // a parameter or input is malformed
	CodeUnsupportedInput    = "unsupported-input"    // an input is well formed, but of a kind that is not read
	CodeInternal            = "internal"             // a defect in Larder
	CodeClosed              = "closed"               // used after dispose or close
)

// Error is what crosses in place of a result. It is also a Go error.
type Error struct {
	Code    string         // one of the Code constants
	Message string         // for people: what, where, what to do
	Detail  map[string]any // more, by code: node, operator, limit …; may be nil
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Encode returns the error as a message tree.
func (e *Error) Encode() map[string]any {
	m := map[string]any{"code": e.Code, "message": e.Message}
	if e.Detail != nil {
		m["detail"] = e.Detail
	}
	return m
}

// DecodeError reads an error. The second result says why v is not one.
func DecodeError(v any) (*Error, error) {
	var err error
	f := open("error", v, &err)
	e := &Error{Code: f.must("code", maxName), Message: f.text("message", maxText)}
	if f.has("detail") {
		e.Detail = f.object("detail").m
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}
