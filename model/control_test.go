package model_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"larder/model"
	"larder/model/engine"
	"larder/model/engine/native"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// untyped declares values of which only the names are known.
func untyped(names string) []*onnx.ValueInfo {
	var list []*onnx.ValueInfo
	for _, n := range strings.Fields(names) {
		list = append(list, &onnx.ValueInfo{Name: n})
	}
	return list
}

// absent makes inputs "_" absent.
func absent(nodes []*onnx.Node) {
	for _, n := range nodes {
		for i, name := range n.Inputs {
			n.Inputs[i] = strings.TrimPrefix(name, "_")
		}
	}
}

// body is the graph of an attribute; values are declared with a type only where
// the name ends in it: "i:int64".
func body(name, in, out string, nodes ...*onnx.Node) *onnx.Attribute {
	absent(nodes)
	g := &onnx.Graph{Name: name, Nodes: nodes, Outputs: untyped(out)}
	for _, n := range strings.Fields(in) {
		g.Inputs = append(g.Inputs, onnxtest.Info(n, map[byte]tensor.DType{'i': tensor.Int64, 'c': tensor.Bool}[n[0]]))
		if n[0] != 'i' && n[0] != 'c' {
			g.Inputs[len(g.Inputs)-1].Type = nil
		}
	}
	return onnxtest.Attr(name, g)
}

// controlled is a model with a float input x [N], a bool input flag, an int64 input
// n, constants w [2] and one, and the outputs.
func controlled(outputs string, nodes ...*onnx.Node) *onnx.Model {
	absent(nodes)
	return onnxtest.File(21, &onnx.Graph{Name: "g", Nodes: nodes, Outputs: untyped(outputs),
		Inputs: []*onnx.ValueInfo{onnxtest.Info("x", tensor.Float32, "N"), onnxtest.Info("flag", tensor.Bool), onnxtest.Info("n", tensor.Int64)},
		Initializers: []*onnx.Tensor{{Name: "w", Data: tensor.Vector[float32](1, 2)}, {Name: "zero", Data: tensor.Scalar[float32](0)},
			{Name: "m", Data: tensor.Must(tensor.Of([]float32{1, 1, 0, 1}, 2, 2))}, {Name: "yes", Data: tensor.Scalar(true)},
			{Name: "two", Data: tensor.Scalar[int64](2)}, {Name: "axis", Data: tensor.Vector[int64](0)}}})
}

func attr(name string, v any) *onnx.Attribute { return onnxtest.Attr(name, v) }

// fibonacci hands a and b on: a, b = b, a+b, and collects b.
func fibonacci(count, cond string) *onnx.Node {
	return node("Loop", count+" "+cond+" x w", "last next all", body("body", "i c a b", "c2 b sum b",
		node("Identity", "c", "c2"), node("Add", "a b", "sum")))
}

var controlCases = []struct {
	name  string
	model *onnx.Model
	want  string // all outputs, printed
}{
	{"if", controlled("y", node("If", "flag", "y", body("then_branch", "", "p", node("Add", "x w", "p")), body("else_branch", "", "q", node("Neg", "x", "q")))),
		"[11 22]"},
	{"if of a constant", controlled("y", node("If", "yes", "y", body("then_branch", "", "p", node("Add", "x w", "p")), body("else_branch", "", "q", node("Wrong", "x", "q")))),
		"unsupported"},
	{"if of a constant is gone", controlled("y z", node("If", "yes", "y z", body("then_branch", "", "p x", node("Add", "x w", "p")), body("else_branch", "", "w w"))),
		"[11 22] [10 20]"},
	{"loop counts", controlled("last next all", fibonacci("n", "_")), "[12 24] [23 46] [1 2 11 22 12 24]"},
	{"loop without end is ended", controlled("y", node("Loop", "_ _ x", "y", body("body", "i c a", "c2 b",
		node("Add", "a a", "b"), node("ReduceMax", "b", "top", attr("keepdims", int64(0))), node("Less", "top hundred", "c2"))), node("Constant", "", "hundred", attr("value_float", float32(100)))),
		"[80 160]"},
	{"scan", controlled("sum sums", node("Scan", "zero x", "sum sums", attr("num_scan_inputs", int64(1)),
		body("body", "a e", "s s", node("Add", "a e", "s")))), "30 [10 30]"},
	{"scan backwards", controlled("sum sums", node("Scan", "zero x", "sum sums", attr("num_scan_inputs", int64(1)),
		attr("scan_input_directions", []int64{1}), attr("scan_output_directions", []int64{1}), body("body", "a e", "s s", node("Add", "a e", "s")))), "30 [30 20]"},
	{"nested", controlled("y", node("Loop", "n _ x", "y", body("body", "i c a", "c b",
		node("If", "c", "b", body("then_branch", "", "t", node("Loop", "two _ a", "t", body("body", "i2 c3 d", "c3 e", node("Add", "d w", "e")))),
			body("else_branch", "", "a"))))), "[16 32]"},
	{"grows", controlled("y", node("Loop", "n _ x", "y", body("body", "i c a", "c b", node("Concat", "a w", "b", attr("axis", int64(0)))))), "[10 20 1 2 1 2 1 2]"},
	{"products", controlled("y", node("Unsqueeze", "x axis", "row"), node("Loop", "n _ row", "y", body("body", "i c a", "c b", node("MatMul", "a m", "b")))), "[10 50]"},
	{"sequence", controlled("y", node("SequenceEmpty", "", "s0"), node("Loop", "n _ s0", "s1", body("body", "i c s", "c t", node("SequenceInsert", "s x", "t"))),
		node("ConcatFromSequence", "s1", "y", attr("axis", int64(0)))), "[10 20 10 20 10 20]"},
	{"map of a sequence", controlled("y", node("SequenceConstruct", "x w", "s"), node("SequenceMap", "s x", "t", body("body", "e f", "g", node("Add", "e f", "g"))),
		node("ConcatFromSequence", "t", "y", attr("axis", int64(0)))), "[20 40 11 22]"},
}

// TestControl runs bodies with the plain operators and with plans.
func TestControl(t *testing.T) {
	for _, c := range controlCases {
		for name, e := range map[string]engine.Engine{"reference": engine.Reference{}, "planned": engine.Planned{Host: native.New()}} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				if got := runControlled(c.model, e); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		}
	}
}

// runControlled returns all outputs, or what went wrong.
func runControlled(m *onnx.Model, e engine.Engine) string {
	s, err := model.Load(onnxtest.Model(m), model.Options{Engine: e})
	var me *model.Error
	if errors.As(err, &me) && me.Code == model.UnsupportedOperator {
		return "unsupported"
	}
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	out, err := s.Run(context.Background(), controlledInputs())
	if err != nil {
		return err.Error()
	}
	var got []string
	for _, p := range s.Outputs() {
		v := out[p.Name]
		if d, ok := v.Any().([]float32); ok && v.Rank() == 0 {
			got = append(got, fmt.Sprint(d[0]))
			continue
		}
		got = append(got, fmt.Sprint(v.Any()))
	}
	return strings.Join(got, " ")
}

func controlledInputs() map[string]*tensor.Tensor {
	return map[string]*tensor.Tensor{"x": tensor.Vector[float32](10, 20), "flag": tensor.Scalar(true), "n": tensor.Scalar[int64](3)}
}

// TestNoTurns checks loops that end before they begin.
func TestNoTurns(t *testing.T) {
	s := session(t, controlled("last next all", fibonacci("n", "_")))
	in := controlledInputs()
	in["n"] = tensor.Scalar[int64](-1)
	out, err := s.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got := tensor.Data[float32](out["last"]); !slices.Equal(got, []float32{10, 20}) {
		t.Errorf("the first state is %v", got)
	}
	if got := out["all"]; got.DType() != tensor.Float32 || got.Len() != 0 {
		t.Errorf("collected %v", got)
	}
}

// TestControlErrors checks what a hostile or wrong body leads to.
func TestControlErrors(t *testing.T) {
	loop := func(attrs ...*onnx.Attribute) *onnx.Model {
		return controlled("y", node("Loop", "n _ x", "y", attrs...))
	}
	tests := []struct {
		name  string
		model *onnx.Model
		code  model.Code
		text  string
	}{
		{"no body", loop(), model.InvalidModel, `"body" is not a graph`},
		{"body is a number", loop(attr("body", int64(1))), model.InvalidModel, `"body" is not a graph`},
		{"too few outputs", loop(body("body", "i c a", "c")), model.InvalidModel, "the body has 3 and 1"},
		{"too few inputs", loop(body("body", "i c", "c c")), model.InvalidModel, "the body has 2 and 2"},
		{"unknown name", loop(body("body", "i c a", "c b", node("Neg", "nobody", "b"))), model.InvalidModel, `reads "nobody"`},
		{"unknown operator", loop(body("body", "i c a", "c b", node("Wobble", "a", "b"))), model.UnsupportedOperator, "Wobble"},
		{"value made twice", loop(body("body", "i c a", "c a", node("Neg", "a", "a"))), model.InvalidModel, "made twice"},
		{"type changes", loop(body("body", "i c a", "c b", node("Cast", "a", "b", attr("to", int64(7))))), model.InvalidInput, "value 0 becomes int64[2]"},
		{"condition is a number", loop(body("body", "i c a", "a a")), model.InvalidInput, "the condition is float32[2]"},
		{"fails inside", loop(body("body", "i c a", "c b", node("Reshape", "a i", "b"))), model.InvalidInput, "/body.node[0]"},
		{"branch of more inputs", controlled("y", node("If", "flag", "y", body("then_branch", "e", "e"), body("else_branch", "", "x"))), model.InvalidModel, "the branch has 1 and 1"},
		{"scans nothing", controlled("y", node("Scan", "x", "y", attr("num_scan_inputs", int64(0)), body("body", "a", "a"))), model.InvalidModel, "0 of them scanned"},
		{"collects a sequence", controlled("y z", node("Loop", "n _ x", "y z", body("body", "i c a", "c a s", node("SequenceConstruct", "a", "s")))), model.InvalidInput, "only tensors are collected"},
		{"uses much memory", controlled("y z", node("Loop", "n _ x", "y z", body("body", "i c a", "c a big", node("Tile", "a k", "big"), node("Constant", "", "k", attr("value_ints", []int64{1 << 12}))))),
			model.InvalidInput, "the limit is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := model.Load(onnxtest.Model(tt.model), model.Options{MaxRunBytes: 1 << 16})
			if err == nil {
				defer s.Close()
				_, err = s.Run(context.Background(), controlledInputs())
			}
			var e *model.Error
			if !errors.As(err, &e) || e.Code != tt.code || !strings.Contains(e.Detail, tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// stopAfter is a context that ends when it has been asked some times.
type stopAfter struct {
	context.Context
	left int
}

func (s *stopAfter) Err() error {
	if s.left--; s.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestEndlessLoop checks that 2^63 turns can be stopped, also when a turn has no
// nodes.
func TestEndlessLoop(t *testing.T) {
	for name, m := range map[string]*onnx.Model{
		"no nodes": controlled("y", node("Loop", "_ _ x", "y", body("body", "i c a", "c a"))),
		"one node": controlled("y", node("Loop", "_ _ x", "y", body("body", "i c a", "c b", node("Neg", "a", "b")))),
	} {
		t.Run(name, func(t *testing.T) {
			s := session(t, m)
			_, err := s.Run(&stopAfter{context.Background(), 1000}, controlledInputs())
			var e *model.Error
			if !errors.As(err, &e) || e.Code != model.Aborted {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestFunctionWithBody calls a function whose body has an If that reads the
// function's values and attributes.
func TestFunctionWithBody(t *testing.T) {
	leaky := node("LeakyRelu", "v", "p")
	leaky.Attributes = []*onnx.Attribute{{Name: "alpha", Ref: "slope"}}
	fn := &onnx.Function{Domain: "my", Name: "Pick", Inputs: []string{"v", "take"}, Outputs: []string{"r"}, Attributes: []string{"slope"},
		Opsets: []onnx.Opset{{Version: 21}},
		Nodes:  []*onnx.Node{node("Neg", "v", "minus"), node("If", "take", "r", body("then_branch", "", "p", leaky), body("else_branch", "", "minus"))}}
	use := node("Pick", "negative flag", "y", attr("slope", float32(0.5)))
	use.Domain = "my"
	m := controlled("y", node("Neg", "x", "negative"), use)
	m.Functions = []*onnx.Function{fn}
	if got := runControlled(m, engine.Reference{}); got != "[-5 -10]" {
		t.Errorf("got %s", got)
	}
}
