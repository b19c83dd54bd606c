package message

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzDecode feeds any tree to every decoder: none may panic, and what one
// accepts must survive being encoded and decoded again.
func FuzzDecode(f *testing.F) {
	for _, c := range codecs {
		if b, err := json.Marshal(jsonable(c.value.Encode())); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte(`{"id":1e308,"classes":[[[{}]]],"dims":[1.5],"inputs":{"":{"dims":null}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var tree any
		if json.Unmarshal(data, &tree) != nil {
			return
		}
		for _, c := range codecs {
			v, err := c.decode(tree)
			if err != nil {
				checkError(t, c.name, err)
				continue
			}
			again, err := c.decode(v.(interface{ Encode() map[string]any }).Encode())
			if err != nil || !reflect.DeepEqual(v, again) {
				t.Errorf("%s: %+v became %+v, %v", c.name, v, again, err)
			}
		}
	})
}

// jsonable replaces what JSON cannot carry, as the opaque values of the table.
func jsonable(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = jsonable(v[k])
		}
	case complex128:
		return "opaque"
	}
	return v
}
