package idbstore

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"larder/cache/store"
)

// slotOf makes a slot with these chunks.
func slotOf(chunks ...string) []byte {
	var out []byte
	for _, c := range chunks {
		out = append(out, encodeSpillHeader(entry{sha256.Sum256([]byte(c)), int64(len(c))})...)
		out = append(out, c...)
	}
	return out
}

func texts(chunks []store.Chunk) (out []string) {
	for _, c := range chunks {
		out = append(out, string(c.Data.(store.Bytes)))
	}
	return out
}

func TestDecodeSlot(t *testing.T) {
	three := slotOf("one", "two and more", "three")
	over := append(slotOf("a newer one"), three[len(slotOf("a newer one")):]...)
	flipped := bytes.Clone(three)
	flipped[len(slotOf("one"))+spillHeader+2] ^= 1
	for _, c := range []struct {
		name string
		slot []byte
		want []string
	}{
		{"empty", nil, nil},
		{"never used", make([]byte, 4096), nil},
		{"full", three, []string{"one", "two and more", "three"}},
		{"zeros behind", append(bytes.Clone(three), make([]byte, 99)...), []string{"one", "two and more", "three"}},
		{"used before", over, []string{"a newer one"}},
		{"cut in a chunk", three[:len(three)-1], []string{"one", "two and more"}},
		{"cut behind a header", slotOf("one", "two")[:len(slotOf("one"))+spillHeader], []string{"one"}},
		{"a flipped bit", flipped, []string{"one"}},
		{"an empty chunk", slotOf("one", "", "three"), []string{"one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := texts(decodeSlot(c.slot)); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func FuzzDecodeSlot(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(slotOf("one", "two"))
	f.Add(append(slotOf("one"), "LSC1\xff\xff\xff\xff"...))
	f.Fuzz(func(t *testing.T, slot []byte) {
		for _, c := range decodeSlot(slot) {
			if sha256.Sum256(c.Data.(store.Bytes)) != c.Digest {
				t.Error("a chunk without its digest")
			}
		}
	})
}
