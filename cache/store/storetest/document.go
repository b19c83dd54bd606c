package storetest

import (
	"reflect"
	"testing"

	"larder/cache/store"
)

var documentTests = []test{
	{"put, read, replace", func(t *testing.T, open func() store.Store) {
		s := open()
		key := "index https://example.com/models/?a=b&c=ü"
		_, err := s.Document(t.Context(), key)
		want(t, err, store.NotFound)
		for _, d := range []store.Document{
			{Key: key, Data: []byte(`{"schema":1}`), ETag: `W/"x"`, CheckedAt: epoch},
			{Key: key, Data: []byte{0, 255, 10}, CheckedAt: epoch.AddDate(1, 0, 0)},
		} {
			want(t, s.PutDocument(t.Context(), d), "")
			got, err := open().Document(t.Context(), key)
			want(t, err, "")
			if !reflect.DeepEqual(got, d) {
				t.Fatalf("got %+v, want %+v", got, d)
			}
		}
	}},
	{"refuses", func(t *testing.T, open func() store.Store) {
		s := open()
		want(t, s.PutDocument(t.Context(), store.Document{Data: []byte("x")}), store.Invalid)
		want(t, s.PutDocument(t.Context(), store.Document{Key: "x", Data: make([]byte, store.MaxManifest+1)}), store.Invalid)
	}},
}
