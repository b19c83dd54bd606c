package token

import "strconv"

// Error is a tokenizer.json, or a text, that cannot be used.
type Error struct {
	// Field is where in the file, such as "model.vocab"; empty for a text.
	Field string
	// Reason says what is wrong.
	Reason string
	// Unsupported is set if the file may be right, but asks for what this
	// package does not do.
	Unsupported bool
}

// Error implements error.
func (e *Error) Error() string {
	s := "token: "
	if e.Field != "" {
		s += e.Field + ": "
	}
	return s + e.Reason
}

func invalid(field, reason string) error { return &Error{Field: field, Reason: reason} }

func unsupported(field, what string) error {
	return &Error{Field: field, Reason: quote(what) + " is not supported", Unsupported: true}
}

// quote cuts what it quotes: it may come from a hostile file.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strconv.Quote(s)
}
