package main

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"testing"

	"larder/model/onnx"
)

// TestEncoders compares the transformers with what everybody counts, and proves that
// every machine writes the same.
func TestEncoders(t *testing.T) {
	for _, tt := range []struct {
		name       string
		macs       float64 // billions
		parameters float64 // millions; with 512 positions or, where sizes are fixed, 128
		nodes      map[string]int
		sum        string
	}{
		{"bert_tiny", 0.059, 4.36, map[string]int{"MatMul": 16, "Softmax": 2, "ReduceMean": 10, "Erf": 2}, "82644bda80b7b4ef"},
		{"minilm_l6", 1.435, 22.56, map[string]int{"MatMul": 48, "Softmax": 6, "LayerNormalization": 13, "Shape": 49}, "b74b02277c85c530"},
		{"vit_tiny", 1.254, 5.72, map[string]int{"Conv": 1, "MatMul": 72, "LayerNormalization": 25, "Gather": 37}, "80dd63ffd2d108eb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, file := encode(t, tt.name)
			if got := float64(e.macs) / 1e9; math.Abs(got-tt.macs) > 0.001 {
				t.Errorf("multiply-adds: got %.4f billion, want %.3f", got, tt.macs)
			}
			m, err := onnx.Decode(file, onnx.Options{})
			if err != nil {
				t.Fatal(err)
			}
			parameters := 0
			for _, w := range m.Graph.Initializers {
				if w.Data.Len() > 8 {
					parameters += w.Data.Len()
				}
			}
			if got := float64(parameters) / 1e6; math.Abs(got-tt.parameters) > 0.01 {
				t.Errorf("parameters: got %.3f million, want %.2f", got, tt.parameters)
			}
			types := map[string]int{}
			for _, n := range m.Graph.Nodes {
				types[n.Type]++
			}
			for typ, want := range tt.nodes {
				if types[typ] != want {
					t.Errorf("%s: got %d nodes, want %d", typ, types[typ], want)
				}
			}
			sum := sha256.Sum256(file)
			if got := hex.EncodeToString(sum[:8]); got != tt.sum {
				t.Errorf("SHA-256 begins with %s, want %s", got, tt.sum)
			}
		})
	}
}

func encode(t *testing.T, name string) (*encoder, []byte) {
	t.Helper()
	for _, m := range encoders {
		if m.name == name {
			return m.build(name)
		}
	}
	t.Fatalf("no model %s", name)
	return nil, nil
}
