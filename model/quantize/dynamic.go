package quantize

import (
	"fmt"

	"larder/model/graph"
	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// Dynamic quantises the weights of a model, and its activations when it runs: no
// samples are needed, and ranges fit each input. Every product with constant
// weights becomes
//
//	x ── DynamicQuantizeLinear ── ConvInteger or MatMulInteger ── Cast ── Mul(scales) ── Add(bias)
func Dynamic(data []byte) ([]byte, error) {
	q, err := New(data, Options{})
	if err != nil {
		return nil, err
	}
	defer q.Close()
	q.samples = 1 // none of the values has a range, nor needs one
	return q.write(true)
}

// dynamicProduct adds the nodes that stand for a product.
func (w *writer) dynamicProduct(n *graph.Node) error {
	x, y := w.name(n.Inputs[0]), n.Outputs[0].Name
	if !w.has[x+" dynamic"] {
		w.has[x+" dynamic"] = true
		w.out.Nodes = append(w.out.Nodes, onnxtest.Op("DynamicQuantizeLinear", []string{x}, []string{x + "_quantized", x + "_scale", x + "_zero"}))
	}
	typ, axis, behind := "MatMulInteger", 1, 0
	weights := n.Inputs[1].Const
	if n.Type == "Conv" {
		typ, axis, behind = "ConvInteger", 0, weights.Rank()-2
	} else if trans, _ := n.Attrs.Int("transB", 0); trans != 0 {
		weights = transposed(weights)
	}
	codes, scales := perChannel(weights, axis)
	dims := make([]int, 1+behind)
	for i := range dims {
		dims[i] = 1
	}
	dims[0] = len(scales)
	w.let(y+"_weight", codes)
	w.let(y+"_weight_scale", tensor.Must(tensor.Of(scales, dims...)))
	made := onnxtest.Op(typ, []string{x + "_quantized", y + "_weight", x + "_zero"}, []string{y + "_sums"})
	if n.Type == "Conv" {
		var err error
		if made.Attributes, err = attributes(n); err != nil {
			return err
		}
	}
	add := func(typ string, in []string, out string, attrs ...*onnx.Attribute) {
		w.out.Nodes = append(w.out.Nodes, onnxtest.Op(typ, in, []string{out}, attrs...))
	}
	w.out.Nodes = append(w.out.Nodes, made)
	add("Cast", []string{y + "_sums"}, y+"_float", onnxtest.Attr("to", int64(tensor.Float32)))
	add("Mul", []string{x + "_scale", y + "_weight_scale"}, y+"_scales")
	if len(n.Inputs) < 3 || n.Inputs[2] == nil {
		add("Mul", []string{y + "_float", y + "_scales"}, y)
		return nil
	}
	bias := n.Inputs[2].Const
	if bias.Rank() == 1 && bias.Len() == len(scales) {
		shaped, err := tensor.Of(tensor.Data[float32](bias), dims...)
		if err != nil {
			return fmt.Errorf("%s: %w", n.Path, err)
		}
		bias = shaped
	}
	w.let(y+"_bias", bias)
	add("Mul", []string{y + "_float", y + "_scales"}, y+"_scaled")
	add("Add", []string{y + "_scaled", y + "_bias"}, y)
	return nil
}

// transposed turns a matrix.
func transposed(t *tensor.Tensor) *tensor.Tensor {
	rows, columns := t.Dim(0), t.Dim(1)
	from, to := tensor.Data[float32](t), make([]float32, t.Len())
	for i := range from {
		to[i%columns*rows+i/columns] = from[i]
	}
	return tensor.Must(tensor.Of(to, columns, rows))
}
