package filestore

import (
	"os"
	"syscall"
	"testing"

	"larder/cache/store"
)

func TestTyped(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		code store.Code
	}{
		{"nil", nil, ""},
		{"full disk", &os.PathError{Op: "write", Err: syscall.ENOSPC}, store.Quota},
		{"quota", &os.LinkError{Op: "rename", Err: syscall.EDQUOT}, store.Quota},
		{"rights", os.ErrPermission, store.Internal},
		{"own", &store.Error{Code: store.NotFound}, store.NotFound},
	} {
		if got := store.CodeOf(typed("op", "key", c.err)); got != c.code {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte(`{"schema":1,"records":[{"Name":"a","Version":"1.0.0","Manifest":"AA==","Digest":"` + store.Digest{}.String() + `","Hits":9007199254740993}],"pointers":[{"Name":"a","Selector":"latest","Version":"1.0.0"}]}`))
	f.Add([]byte(`{"schema":1,"records":[null],"pointers":[{}]}`))
	f.Add([]byte(`{"schema":2,"records":{"a":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		snap, err := decodeState(data)
		if err != nil {
			if store.CodeOf(err) != store.Blocked || len(snap.Records)+len(snap.Pointers) > 0 {
				t.Fatal(err)
			}
			return
		}
		for _, r := range snap.Records {
			if err := r.Validate(); err != nil || r.Hits < 0 || r.Hits > store.MaxHits {
				t.Fatal(err, r.Hits)
			}
		}
		if len(snap.Pointers) > 0 && len(snap.Records) == 0 {
			t.Fatal("a pointer to nothing")
		}
	})
}
