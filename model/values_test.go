package model_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"larder/model"
	"larder/model/tensor"
)

// valuesSession loads a model of testdata/values.
func valuesSession(t *testing.T, name string) *model.Session {
	t.Helper()
	data, err := os.ReadFile("testdata/values/" + name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := model.Load(data, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestZipMap(t *testing.T) {
	s := valuesSession(t, "zipmap.onnx")
	if got := s.Outputs()[1].String(); got != "sequence(map(string, float32))" {
		t.Errorf("the port is %s", got)
	}
	out, err := s.Run(context.Background(), map[string]*tensor.Tensor{"x": floats(t, []int{2, 2}, 1, 0, 0, 3)})
	if err != nil {
		t.Fatal(err)
	}
	rows := out["probabilities"].Items()
	if len(rows) != 2 || !slices.Equal(tensor.Data[string](rows[1].Items()[0]), []string{"rose", "tulip"}) {
		t.Fatalf("got %v", rows)
	}
	if p := tensor.Data[float32](rows[1].Items()[1]); p[1] < 0.95 || p[0]+p[1] < 0.999 {
		t.Errorf("probabilities %v", p)
	}
}

// kindsInputs are right inputs of kinds.onnx.
func kindsInputs() map[string]*tensor.Tensor {
	return map[string]*tensor.Tensor{
		"list":  tensor.SequenceOf(tensor.Vector[float32](1), tensor.Vector[float32](2, 3)),
		"maybe": tensor.Vector[float32](7),
		"words": tensor.Must(tensor.MapOf(tensor.Vector[int64](1, 3), tensor.Vector[float32](10, 30))),
	}
}

func TestKinds(t *testing.T) {
	s := valuesSession(t, "kinds.onnx")
	in := kindsInputs()
	out, err := s.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got := tensor.Data[float32](out["joined"]); !slices.Equal(got, []float32{1, 2, 3}) {
		t.Errorf("joined %v", got)
	}
	if got := tensor.Data[float32](out["vector"]); !slices.Equal(got, []float32{30, 10, 0}) {
		t.Errorf("vector %v", got)
	}
	if !tensor.Data[bool](out["has"])[0] || out["still"].DType() != tensor.Optional || out["still"].Len() != 1 || out["same"].Len() != 2 {
		t.Errorf("got %v, %v, %v", out["has"], out["still"], out["same"])
	}
	delete(in, "maybe")
	if out, err = s.Run(context.Background(), in); err != nil || tensor.Data[bool](out["has"])[0] || out["still"].Len() != 0 {
		t.Errorf("an optional that is left out: %v", err)
	}
}

func TestKindsRefused(t *testing.T) {
	s := valuesSession(t, "kinds.onnx")
	for _, tt := range []struct {
		name, input string
		value       *tensor.Tensor
		text        string
	}{
		{"tensor for a sequence", "list", tensor.Vector[float32](1), "it must be sequence(float32[?])"},
		{"sequence of integers", "list", tensor.SequenceOf(tensor.Vector[int64](1)), "it must be float32"},
		{"sequence of sequences", "list", tensor.SequenceOf(tensor.SequenceOf()), "it must be float32"},
		{"matrices", "list", tensor.SequenceOf(floats(t, []int{1, 1}, 1)), "2 dimensions"},
		{"sequence for a map", "words", tensor.SequenceOf(), "it must be map(int64, float32)"},
		{"map from texts", "words", tensor.Must(tensor.MapOf(tensor.Vector("a"), tensor.Vector[float32](1))), "a map from string"},
		{"map to doubles", "words", tensor.Must(tensor.MapOf(tensor.Vector[int64](1), tensor.Vector(1.0))), "to float64"},
		{"optional sequence", "maybe", tensor.OptionalOf(tensor.SequenceOf()), "it must be float32"},
		{"nil", "list", nil, "is nil"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := kindsInputs()
			in[tt.input] = tt.value
			_, err := s.Run(context.Background(), in)
			var e *model.Error
			if !errors.As(err, &e) || e.Code != model.InvalidInput || !strings.Contains(e.Detail, tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}
