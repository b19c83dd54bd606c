package tensor

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func TestElems(t *testing.T) {
	tests := []struct {
		name  string
		shape Shape
		want  int
		err   error
	}{
		{"scalar", Shape{}, 1, nil},
		{"image", Shape{1, 3, 224, 224}, 150528, nil},
		{"empty", Shape{5, 0, 7}, 0, nil},
		{"empty and large", Shape{math.MaxInt32, 0}, 0, nil},
		{"largest", Shape{math.MaxInt32}, math.MaxInt32, nil},
		{"negative", Shape{2, -1}, 0, ErrShape},
		{"negative after zero", Shape{0, -1}, 0, ErrShape},
		{"beyond int32", Shape{math.MaxInt32 + 1}, 0, ErrShape},
		{"product beyond int32", Shape{1 << 16, 1 << 15}, 0, ErrShape},
		{"product beyond int64", Shape{1 << 30, 1 << 30, 1 << 30}, 0, ErrShape},
		{"product of the others too large", Shape{math.MaxInt32, 0, math.MaxInt32}, 0, ErrShape},
		{"product that wraps to 0", Shape{1 << 16, 1 << 16, 1 << 16, 1 << 16}, 0, ErrShape},
		{"most dimensions", make32(MaxRank), 1, nil},
		{"too many dimensions", make32(MaxRank + 1), 0, ErrShape},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := tt.shape.Elems()
			if n != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%v has %d elements, %v; want %d, %v", tt.shape, n, err, tt.want, tt.err)
			}
		})
	}
}

func make32(n int) Shape { return slices.Repeat(Shape{1}, n) }

func TestBroadcast(t *testing.T) {
	tests := []struct {
		name       string
		a, b, want Shape
		bad        bool
	}{
		{"same", Shape{2, 3}, Shape{2, 3}, Shape{2, 3}, false},
		{"scalar", Shape{2, 3}, Shape{}, Shape{2, 3}, false},
		{"row", Shape{2, 3}, Shape{3}, Shape{2, 3}, false},
		{"column", Shape{2, 1}, Shape{3}, Shape{2, 3}, false},
		{"outer", Shape{4, 1, 1}, Shape{1, 5}, Shape{4, 1, 5}, false},
		{"empty against 1", Shape{0}, Shape{1}, Shape{0}, false},
		{"unknown against 1", Shape{Unknown, 3}, Shape{1, 3}, Shape{Unknown, 3}, false},
		{"unknown against 4", Shape{Unknown}, Shape{4}, Shape{4}, false},
		{"unknown against unknown", Shape{Unknown}, Shape{Unknown}, Shape{Unknown}, false},
		{"unknown against 0", Shape{Unknown}, Shape{0}, Shape{0}, false},
		{"different", Shape{2}, Shape{3}, nil, true},
		{"empty against 2", Shape{0}, Shape{2}, nil, true},
		{"different in front", Shape{2, 3}, Shape{4, 3}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, swap := range []bool{false, true} {
				a, b := tt.a, tt.b
				if swap {
					a, b = b, a
				}
				got, ok := Broadcast(a, b)
				if ok == tt.bad || ok && !got.Equal(tt.want) {
					t.Errorf("%v with %v gives %v, %v; want %v", a, b, got, ok, tt.want)
				}
			}
		})
	}
}

// TestBroadcastAgainstDefinition compares with the rule, element by element, on
// all shapes of up to three small dimensions.
func TestBroadcastAgainstDefinition(t *testing.T) {
	var shapes []Shape
	for n := 0; n < 64; n++ {
		shapes = append(shapes, Shape{n & 3, n >> 2 & 3, n >> 4}, Shape{n & 3, n >> 2 & 3}, Shape{n & 3}, Shape{})
	}
	at := func(s Shape, i int) int { // i counts from the right
		if i >= len(s) {
			return 1
		}
		return s[len(s)-1-i]
	}
	for _, a := range shapes {
		for _, b := range shapes {
			got, ok := Broadcast(a, b)
			want, fits := make(Shape, max(len(a), len(b))), true
			for i := range want {
				x, y := at(a, i), at(b, i)
				fits = fits && (x == y || x == 1 || y == 1)
				if x == 1 {
					x = y
				}
				want[len(want)-1-i] = x
			}
			if ok != fits || ok && !got.Equal(want) {
				t.Fatalf("%v with %v gives %v, %v; want %v, %v", a, b, got, ok, want, fits)
			}
		}
	}
}

func TestStrides(t *testing.T) {
	tests := []struct {
		name  string
		shape Shape
		want  []int
	}{
		{"scalar", Shape{}, []int{}},
		{"image", Shape{2, 3, 4, 5}, []int{60, 20, 5, 1}},
		{"empty", Shape{2, 0, 5}, []int{0, 5, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.shape.Strides(); !slices.Equal(got, tt.want) {
				t.Errorf("%v has strides %v, want %v", tt.shape, got, tt.want)
			}
		})
	}
}
