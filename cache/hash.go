package cache

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"larder/sha256"
)

// maxPlainKey is how long arguments may be to be their own key.
const maxPlainKey = 64

// HashOf returns the key of a load's arguments, where no other way is given: a string,
// bytes, a number, a boolean, or what has a method MarshalBinary. Arguments that are
// equal have equal keys, others have others, except that integers of the same value have
// the same key whatever their types; long keys are hashed by SHA-256. A type that a
// program made of one of these has no key without a Hash of its own.
func HashOf(args any) (string, error) {
	switch v := args.(type) {
	case string:
		return textKey("s", v), nil
	case []byte:
		return textKey("b", string(v)), nil
	case bool:
		return strconv.FormatBool(v), nil
	case float32:
		return floatKey(float64(v)), nil
	case float64:
		return floatKey(v), nil
	case interface{ MarshalBinary() ([]byte, error) }:
		b, err := v.MarshalBinary()
		if err != nil {
			return "", &Error{Code: InvalidInput, Op: "hash", Detail: fmt.Sprintf("%T cannot be written as bytes", args), Err: err}
		}
		return textKey("m", string(b)), nil
	}
	if key := integerKey(args); key != "" {
		return key, nil
	}
	return "", &Error{Code: InvalidInput, Op: "hash", Detail: fmt.Sprintf("%T has no key of its own: give the option Hash", args)}
}

// integerKey returns the key of an integer, "" of anything else.
func integerKey(args any) string {
	var signed int64
	switch v := args.(type) {
	case int:
		signed = int64(v)
	case int8:
		signed = int64(v)
	case int16:
		signed = int64(v)
	case int32:
		signed = int64(v)
	case int64:
		signed = v
	case uint8:
		signed = int64(v)
	case uint16:
		signed = int64(v)
	case uint32:
		signed = int64(v)
	case uint:
		return strconv.FormatUint(uint64(v), 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	default:
		return ""
	}
	return strconv.FormatInt(signed, 10)
}

// floatKey tells all numbers apart, and from integers. 0 and -0 are equal.
func floatKey(v float64) string {
	if v == 0 {
		v = 0
	}
	return "f:" + strconv.FormatUint(math.Float64bits(v), 16)
}

// textKey is text itself, or its hash if it is long; kind keeps the two apart.
func textKey(kind, text string) string {
	if len(text) <= maxPlainKey {
		return kind + ":" + text
	}
	sum := sha256.Sum256([]byte(text))
	return kind + "#" + hex.EncodeToString(sum[:])
}

// keyOf makes the function that hashes arguments.
func keyOf[A any](hash func(A) (string, error)) func(A) (string, error) {
	if hash != nil {
		return hash
	}
	return func(args A) (string, error) { return HashOf(args) }
}
