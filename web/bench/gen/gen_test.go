package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"

	"larder/model/onnx"
)

// TestArchitecture compares the nets with what their papers and everybody's
// implementations count: multiply-adds, and parameters with the batch normalisation
// folded into each convolution's bias.
func TestArchitecture(t *testing.T) {
	for _, tt := range []struct {
		name       string
		macs       float64 // billions
		parameters int
	}{
		{"squeezenet1_1", 0.349, 1_235_496},
		{"mobilenetv2", 0.301, 3_487_816},
		{"efficientnet_b0", 0.386, 5_267_540},
		{"resnet18", 1.814, 11_684_712},
		{"resnet50", 4.089, 25_530_472},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := build(t, tt.name)
			parameters := 0
			for _, l := range n.layers {
				parameters += len(l.w) + len(l.b)
			}
			if parameters != tt.parameters {
				t.Errorf("parameters: got %d, want %d", parameters, tt.parameters)
			}
			if got := float64(n.macs) / 1e9; math.Abs(got-tt.macs) > 0.001 {
				t.Errorf("multiply-adds: got %.4f billion, want %.3f", got, tt.macs)
			}
			if y := n.output(); y.name != "output" || y.c != classes || !y.flat {
				t.Errorf("output: got %+v", y)
			}
		})
	}
}

// TestReproducible proves that every machine writes the same models: results and
// models of different days can then be compared.
func TestReproducible(t *testing.T) {
	n := build(t, "squeezenet1_1")
	graph, weights := encodeGraph(n)
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"onnx", encodeONNX(n), "4e58fe330f330559"},
		{"graph", graph, "fbdf46efb01b243a"},
		{"weights", weights, "02411b4ad0071491"},
		{"tflite", encodeTFLite(n), "d866878d3387fa3b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sum := sha256.Sum256(tt.got)
			if got := hex.EncodeToString(sum[:8]); got != tt.want {
				t.Errorf("SHA-256 begins with %s, want %s", got, tt.want)
			}
		})
	}
}

func TestONNX(t *testing.T) {
	m, err := onnx.Decode(encodeONNX(build(t, "mobilenetv2")), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	for _, node := range m.Graph.Nodes {
		types[node.Type]++
	}
	for typ, want := range map[string]int{"Conv": 52, "Clip": 35, "Add": 10, "Gemm": 1, "GlobalAveragePool": 1, "Flatten": 1} {
		if types[typ] != want {
			t.Errorf("%s: got %d nodes, want %d", typ, types[typ], want)
		}
	}
}

// TestGraphWeights checks that the weights of TensorFlow.js are those of ONNX, in
// another order.
func TestGraphWeights(t *testing.T) {
	n := build(t, "mobilenetv2")
	text, weights := encodeGraph(n)
	var graph struct{ Ops []graphOp }
	if err := json.Unmarshal(text, &graph); err != nil {
		t.Fatal(err)
	}
	for i, l := range n.layers {
		if l.kind != conv && l.kind != depthwise {
			continue
		}
		in := l.inC
		if l.kind == depthwise {
			in = 1
		}
		// The weight of the last of all: output, input, row and column.
		o, c, y, x := l.outC-1, in-1, l.k-1, 0
		want := l.w[((o*in+c)*l.k+y)*l.k+x]
		at := graph.Ops[i].W.Off + 4*(((y*l.k+x)*in+c)*l.outC+o)
		if got := math.Float32frombits(binary.LittleEndian.Uint32(weights[at:])); got != want {
			t.Fatalf("%s: got %v, want %v", l.out.name, got, want)
		}
	}
}

// TestFlatBuffer reads a small buffer back by the rules of the format.
func TestFlatBuffer(t *testing.T) {
	f := &flat{b: append(make([]byte, 4), "TEST"...)}
	f.point(0, f.table(small(0, 7), num(2, 1234), offset(3, func() int { return f.bytes([]byte{1, 2, 3}) }),
		offset(4, func() int { return f.ints([]int{5, 6}) })))
	word := func(at int) int { return int(binary.LittleEndian.Uint32(f.b[at:])) }
	table := word(0)
	vtable := table - word(table)
	slot := func(i int) int { return int(binary.LittleEndian.Uint16(f.b[vtable+4+2*i:])) }
	if got := f.b[table+slot(0)]; got != 7 {
		t.Errorf("byte: got %d", got)
	}
	if slot(1) != 0 {
		t.Errorf("absent field: its offset is %d", slot(1))
	}
	if got := word(table + slot(2)); got != 1234 || (table+slot(2))%4 != 0 {
		t.Errorf("number: got %d at %d", got, table+slot(2))
	}
	bytes := table + slot(3) + word(table+slot(3))
	if word(bytes) != 3 || (bytes+4)%16 != 0 || f.b[bytes+6] != 3 {
		t.Errorf("bytes: got %d at %d", word(bytes), bytes)
	}
	ints := table + slot(4) + word(table+slot(4))
	if word(ints) != 2 || word(ints+8) != 6 {
		t.Errorf("integers: got %d of them", word(ints))
	}
}

func build(t *testing.T, name string) *net {
	t.Helper()
	for _, m := range models {
		if m.name == name {
			n := newNet(name)
			m.build(n)
			return n
		}
	}
	t.Fatalf("no model %s", name)
	return nil
}
