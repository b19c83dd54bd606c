package graph_test

import (
	"testing"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
)

// TestComposed checks that an operator which is written as nodes of others is
// put in place as these.
func TestComposed(t *testing.T) {
	n := node("FusedMatMul", "x x", "y", onnxtest.Attr("transB", int64(1)))
	n.Domain = "com.microsoft"
	m := file(n)
	m.Opsets = append(m.Opsets, onnx.Opset{Domain: "com.microsoft", Version: 1})
	want := `graph "test" opset 17
in  x float32[N 3]
FusedMatMul@1/t0_0 = Einsum(x) {equation="...ij->...ji"}
FusedMatMul@1/t1_0 = MatMul(x, FusedMatMul@1/t0_0)
y = Identity(FusedMatMul@1/t1_0)
out y
`
	g := build(t, m)
	if got := g.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if o := g.Nodes[0].Opset; o < 12 {
		t.Errorf("the body has opset %d, that of the model", o)
	}
}
