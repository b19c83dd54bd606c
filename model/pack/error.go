package pack

// Code says what kind of error an Error is. Callers act on it, never on the
// text.
type Code string

// The kinds of errors of this package.
const (
	// Invalid marks a document that breaks the rules of its format.
	Invalid Code = "invalid"
	// Newer marks a document of a later schema than this reader knows.
	Newer Code = "newer-schema"
	// NotFound marks a model, version or file that the registry does not have.
	NotFound Code = "not-found"
	// Corrupt marks a file whose bytes are not those that the manifest lists.
	Corrupt Code = "corrupt"
	// Exists marks a version that is there already.
	Exists Code = "exists"
)

// Error is every error of this package that is about the content of a registry.
type Error struct {
	Code Code
	// Doc is the document or file: "manifest", "index", "leaf/2.0.0/model.onnx".
	Doc string
	// Field is the path of the field inside a document, such as
	// "inputs[0].image.resize.filter"; empty for the document as a whole.
	Field string
	// Reason says what is wrong and what would be right.
	Reason string
	// Err is the cause, if another package reported it.
	Err error
}

// Error returns all parts in one line.
func (e *Error) Error() string {
	s := "pack: " + e.Doc
	if e.Field != "" {
		s += " " + e.Field
	}
	return s + ": " + e.Reason
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// invalid returns an Invalid error without the document's name, which the
// exported entry points fill in.
func invalid(field, reason string) error {
	return &Error{Code: Invalid, Field: field, Reason: reason}
}
