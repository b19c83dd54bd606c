// Package codec has ways to write the values of a cache.Data as bytes, for programs
// outside a browser: those of the standard library are too large to be downloaded. In a
// browser take cache.BytesCodec or cache.TextCodec, or write the two functions.
package codec

import (
	"bytes"
	"encoding/gob"
	"encoding/json"

	"larder/cache"
)

// JSON writes values as encoding/json does: exported fields only.
func JSON[T any]() cache.Codec[T] {
	return cache.Codec[T]{
		Encode: func(v T) ([]byte, error) { return json.Marshal(v) },
		Decode: func(b []byte) (v T, err error) { err = json.Unmarshal(b, &v); return v, err },
	}
}

// Gob writes values as encoding/gob does: exported fields only, numbers exactly.
func Gob[T any]() cache.Codec[T] {
	return cache.Codec[T]{
		Encode: func(v T) ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(&v)
			return b.Bytes(), err
		},
		Decode: func(b []byte) (v T, err error) { err = gob.NewDecoder(bytes.NewReader(b)).Decode(&v); return v, err },
	}
}
