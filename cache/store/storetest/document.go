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
	{"list and remove", func(t *testing.T, open func() store.Store) {
		s := open()
		for _, key := range []string{"b 2", "a 1", "b 1", "b", "c", "b \U0010FFFF", "bb"} {
			want(t, s.PutDocument(t.Context(), store.Document{Key: key, Data: []byte(key)}), "")
		}
		for range 2 {
			want(t, s.RemoveDocument(t.Context(), "b 2"), "")
		}
		docs, err := s.Documents(t.Context(), "b ")
		want(t, err, "")
		if len(docs) != 2 || docs[0].Key != "b 1" || docs[1].Key != "b \U0010FFFF" || string(docs[0].Data) != "b 1" {
			t.Fatalf("got %+v", docs)
		}
		docs, err = s.Documents(t.Context(), "")
		want(t, err, "")
		if len(docs) != 6 {
			t.Fatalf("got %+v", docs)
		}
	}},
	{"refuses", func(t *testing.T, open func() store.Store) {
		s := open()
		want(t, s.PutDocument(t.Context(), store.Document{Data: []byte("x")}), store.Invalid)
		want(t, s.PutDocument(t.Context(), store.Document{Key: "x", Data: make([]byte, store.MaxManifest+1)}), store.Invalid)
	}},
}
