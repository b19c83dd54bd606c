package idbstore

import (
	"bytes"
	"slices"
	"testing"

	"larder/cache/store"
)

func TestDecodeTable(t *testing.T) {
	two := []entry{{store.Digest{1, 31: 2}, 64 << 10}, {store.Digest{}, 1<<32 - 1}}
	for _, c := range []struct {
		name string
		data []byte
		want []entry
	}{
		{"nothing", nil, nil},
		{"two chunks, one of them deleted", encodeTable(two), two},
		{"cut", encodeTable(two)[:2*entryBytes-1], nil},
		{"a byte more", append(encodeTable(two), 0), nil},
		{"as many as may be", make([]byte, maxEntries*entryBytes), make([]entry, maxEntries)},
		{"one more", make([]byte, (maxEntries+1)*entryBytes), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decodeTable(c.data); !slices.Equal(got, c.want) {
				t.Errorf("%d entries, want %d", len(got), len(c.want))
			}
		})
	}
}

func FuzzDecodeTable(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(encodeTable([]entry{{store.Digest{1}, 5}, {store.Digest{}, 1<<32 - 1}}))
	f.Add(make([]byte, entryBytes+1))
	f.Fuzz(func(t *testing.T, data []byte) {
		list := decodeTable(data)
		if len(list) > maxEntries {
			t.Errorf("%d entries", len(list))
		}
		if len(list) > 0 && !bytes.Equal(encodeTable(list), data) {
			t.Error("a table that is not what was read")
		}
	})
}
