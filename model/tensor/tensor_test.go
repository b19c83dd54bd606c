package tensor

import (
	"errors"
	"math"
	"testing"
)

func TestOf(t *testing.T) {
	tests := []struct {
		name string
		data []float32
		dims []int
		err  error
	}{
		{"matrix", make([]float32, 6), []int{2, 3}, nil},
		{"scalar", make([]float32, 1), nil, nil},
		{"empty", nil, []int{0, 4}, nil},
		{"too short", make([]float32, 5), []int{2, 3}, ErrLength},
		{"too long", make([]float32, 7), []int{2, 3}, ErrLength},
		{"no data", nil, []int{1}, ErrLength},
		{"negative", nil, []int{-1}, ErrShape},
		{"huge", nil, []int{math.MaxInt32, 2}, ErrShape},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Of(tt.data, tt.dims...)
			if !errors.Is(err, tt.err) || err == nil && (got.Len() != len(tt.data) || !got.Shape().Equal(tt.dims)) {
				t.Errorf("got %v, %v; want error %v", got, err, tt.err)
			}
		})
	}
}

func TestNewMakesZerosOfEveryType(t *testing.T) {
	for dtype := range dtypes {
		t.Run(dtype.String(), func(t *testing.T) {
			x, err := New(dtype, 2, 3)
			if err != nil || x.DType() != dtype || x.Len() != 6 {
				t.Fatalf("got %v, %v", x, err)
			}
			if named, ok := ParseDType(dtype.String()); !ok || named != dtype {
				t.Errorf("the name %q means %v", dtype, named)
			}
		})
	}
	for _, dtype := range []DType{Undefined, 27, 255} {
		if x, err := New(dtype, 1); err == nil || dtype.Supported() {
			t.Errorf("type %d makes %v", dtype, x)
		}
	}
}

func TestNewRefusesBeforeAllocating(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() { _, _ = New(Float32, math.MaxInt32, math.MaxInt32) }); n > 4 {
		t.Errorf("%v allocations", n)
	}
}

func TestReshapeSharesElements(t *testing.T) {
	x := Vector[int64](1, 2, 3, 4, 5, 6)
	y, err := x.Reshape(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	Data[int64](x)[5] = 60
	if got := Data[int64](y)[5]; got != 60 {
		t.Errorf("the reshaped tensor has %d", got)
	}
	if _, err := x.Reshape(4); !errors.Is(err, ErrLength) {
		t.Errorf("6 elements as [4]: %v", err)
	}
	if _, err := x.Reshape(-1); !errors.Is(err, ErrShape) {
		t.Errorf("6 elements as [-1]: %v", err)
	}
}

func TestDimsAreNotShared(t *testing.T) {
	dims := []int{2, 3}
	x := Must(New(Float32, dims...))
	dims[0] = 7
	if x.Dim(0) != 2 || x.Dim(-1) != 3 {
		t.Errorf("the shape became %v", x.Shape())
	}
}

func TestDataOfAnotherTypePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("float32 could be read as Half")
		}
	}()
	Data[Half](Scalar[float32](1))
}
