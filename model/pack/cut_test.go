package pack

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"
)

// noise returns bytes that depend on the seed alone.
func noise(seed uint64, n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(out)
	return out
}

func cut(t testing.TB, data []byte) File {
	t.Helper()
	f, err := Cut(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCut(t *testing.T) {
	tests := []struct {
		name   string
		data   []byte
		chunks int // 0: any number
	}{
		{"empty", nil, 0},
		{"one byte", []byte{7}, 1},
		{"shortest", noise(1, MinCut), 1},
		{"constant", make([]byte, 2*MaxCut+1), 3},
		{"random", noise(2, 3<<20), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := cut(t, tt.data)
			if tt.chunks > 0 && len(f.Chunks) != tt.chunks {
				t.Errorf("%d chunks, want %d", len(f.Chunks), tt.chunks)
			}
			for i, c := range f.Chunks {
				if c.Bytes > MaxCut || c.Bytes < MinCut && i < len(f.Chunks)-1 {
					t.Errorf("chunk %d has %d bytes", i, c.Bytes)
				}
			}
			if err := f.Verify(tt.data); err != nil {
				t.Error(err)
			}
			again, err := Cut(iotest.HalfReader(bytes.NewReader(tt.data)))
			if err != nil || !slices.Equal(again.Chunks, f.Chunks) {
				t.Errorf("cut otherwise when read otherwise (%v)", err)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := Cut(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// TestCutStaysAsItIs holds the places themselves: another table or mask would make
// every model's next version a full download.
func TestCutStaysAsItIs(t *testing.T) {
	var got []int
	for _, c := range cut(t, noise(3, 512<<10)).Chunks {
		got = append(got, c.Bytes)
	}
	if want := []int{59212, 94921, 83387, 73531, 89105, 58125, 66007}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCutMean(t *testing.T) {
	f := cut(t, noise(4, 64<<20))
	if mean := f.Bytes / int64(len(f.Chunks)); mean < 60<<10 || mean > 72<<10 {
		t.Errorf("%d bytes on average", mean)
	}
}

// added returns how many bytes of a file are in chunks that another does not have.
func added(old, next File) (n int64) {
	had := map[Digest]bool{}
	for _, c := range old.Chunks {
		had[c.SHA256] = true
	}
	for _, c := range next.Chunks {
		if !had[c.SHA256] {
			n += int64(c.Bytes)
		}
		had[c.SHA256] = true
	}
	return n
}

func TestUpdateIsSmall(t *testing.T) {
	size := 100_000_000
	if testing.Short() {
		size /= 10
	}
	base := noise(5, size)
	old := cut(t, base)
	two := size / 50
	const around = 3 * 128 << 10 // a change costs a few chunks before and behind it
	change := func() []byte {
		next := bytes.Clone(base)
		copy(next[size/3:], noise(6, two))
		return next
	}
	tests := []struct {
		name  string
		next  []byte
		limit int
	}{
		{"2 % in one place", change(), two + around},
		{"2 % and 100 bytes more at the beginning", append(noise(7, 100), change()...), two + 2*around},
		{"2 % more in the middle", slices.Concat(base[:size/3], noise(6, two), base[size/3:]), two + around},
		{"2 % less", slices.Concat(base[:size/3], base[size/3+two:]), around},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := added(old, cut(t, tt.next))
			t.Logf("%d bytes of %d are new", n, len(tt.next))
			if n > int64(tt.limit) {
				t.Errorf("%d bytes are new, want at most %d", n, tt.limit)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte(nil), 0)
	f.Add(noise(8, 100), 3000)
	f.Fuzz(func(t *testing.T, data []byte, times int) {
		data = bytes.Repeat(data, min(max(times, 0), (1<<20)/(len(data)+1)))
		file := cut(t, data)
		if err := file.Verify(data); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkCut(b *testing.B) {
	data := noise(9, 16<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		cut(b, data)
	}
}

func TestRecut(t *testing.T) {
	root := t.TempDir()
	m, sources := sample("1.0.0")
	if err := Write(root, m, sources, false); err != nil {
		t.Fatal(err)
	}
	if n, err := Recut(root); n != 0 || err != nil {
		t.Fatalf("%d, %v: there was nothing to do", n, err)
	}
	f := m.File("model.onnx")
	data := sources[0].Data
	f.Chunks = []Chunk{{100, Sum(data[:100])}, {len(data) - 100, Sum(data[100:])}}
	text, err := EncodeManifest(m)
	if err == nil {
		err = writeFile(filepath.Join(root, "leaf", "1.0.0", ManifestFile), text)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Recut(root); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	got, err := OpenDir(os.DirFS(root)).Manifest("leaf", "1.0.0")
	if err != nil || !slices.Equal(got.File("model.onnx").Chunks, cut(t, data).Chunks) {
		t.Fatal(got, err)
	}
	if err := os.WriteFile(filepath.Join(root, "leaf", "1.0.0", "model.onnx"), data[1:], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Recut(root); err == nil {
		t.Fatal("a damaged file must not get new digests")
	}
}
