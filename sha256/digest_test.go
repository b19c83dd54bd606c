package sha256

import (
	"bytes"
	"crypto/sha256"
	"testing"
)

func TestDigest(t *testing.T) {
	text := bytes.Repeat([]byte("Larder keeps what it has read. "), 10)
	for n := range text {
		checkDigest(t, text[:n], n/3)
	}
}

func FuzzDigest(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add(bytes.Repeat([]byte{0xff}, 55), 7)
	f.Add(make([]byte, 200), 64)
	f.Fuzz(func(t *testing.T, data []byte, cut int) { checkDigest(t, data, min(max(cut, 0), len(data))) })
}

// checkDigest compares digests of data in two pieces with those of the standard library.
func checkDigest(t *testing.T, data []byte, cut int) {
	t.Helper()
	d := &digest{}
	d.Reset()
	d.Write(data[:cut])
	if want := sha256.Sum256(data[:cut]); !bytes.Equal(d.Sum([]byte("x"))[1:], want[:]) {
		t.Errorf("%x: another digest of %d bytes", data, cut)
	}
	d.Write(data[cut:])
	want := sha256.Sum256(data)
	if !bytes.Equal(d.Sum(nil), want[:]) || Sum256(data) != want {
		t.Errorf("%x, cut at %d: another digest", data, cut)
	}
	h := New()
	h.Write(data)
	if !bytes.Equal(h.Sum(nil), want[:]) {
		t.Errorf("%x: another hash", data)
	}
}

func BenchmarkDigest(b *testing.B) {
	data := make([]byte, 64<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		d := &digest{}
		d.Reset()
		d.Write(data)
		d.sum()
	}
}
