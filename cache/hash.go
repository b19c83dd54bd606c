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
// equal have equal keys, others have others; long ones are hashed by SHA-256.
func HashOf(args any) (string, error) {
	switch v := args.(type) {
	case string:
		return textKey("s", v), nil
	case []byte:
		return textKey("b", string(v)), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.FormatInt(int64(v), 10), nil
	case int32:
		return strconv.FormatInt(int64(v), 10), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint32:
		return strconv.FormatUint(uint64(v), 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case float64:
		return strconv.FormatUint(math.Float64bits(v), 16), nil
	case interface{ MarshalBinary() ([]byte, error) }:
		b, err := v.MarshalBinary()
		return textKey("m", string(b)), err
	}
	return "", &Error{Code: InvalidInput, Op: "hash", Detail: fmt.Sprintf("%T has no key of its own: give the option Hash", args)}
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
