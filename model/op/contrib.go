package op

import (
	"math"

	"larder/model/tensor"
)

// contribDomain is that of the operators which ONNX Runtime's optimizer and
// quantizer put into models. Specification:
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
// Most are written as nodes of the standard operators.
const contribDomain = "com.microsoft"

var contribOps = []Entry{
	{contribDomain, "Attention", 1, expander(arity{2, 6, 2}, expandAttention)},
	{contribDomain, "BiasGelu", 1, expander(arity{2, 2, 1}, expandGelu)},
	{contribDomain, "CDist", 1, expander(arity{2, 2, 1}, expandCDist)},
	{contribDomain, "EmbedLayerNormalization", 1, expander(arity{1, 9, 3}, expandEmbedding)},
	{contribDomain, "ExpandDims", 1, expander(arity{2, 2, 1}, renamed("Unsqueeze"))},
	{contribDomain, "FastGelu", 1, expander(arity{1, 2, 1}, expandGelu)},
	{contribDomain, "FusedConv", 1, expander(arity{2, 4, 1}, expandConv)},
	{contribDomain, "FusedGemm", 1, expander(arity{2, 3, 1}, expandGemm)},
	{contribDomain, "FusedMatMul", 1, expander(arity{2, 2, 1}, expandMatMul)},
	{contribDomain, "GatherND", 1, expander(arity{2, 2, 1}, renamed("GatherND"))},
	{contribDomain, "Gelu", 1, expander(arity{1, 1, 1}, expandGelu)},
	{contribDomain, "GridSample", 1, expander(arity{2, 2, 1}, expandGridSample)},
	{contribDomain, "MultiHeadAttention", 1, expander(arity{1, 8, 3}, expandMultiHead)},
	{contribDomain, "NhwcConv", 1, expander(arity{2, 3, 1}, expandConv)},
	{contribDomain, "NhwcFusedConv", 1, expander(arity{2, 4, 1}, expandConv)},
	{contribDomain, "NhwcMaxPool", 1, expander(arity{1, 1, 1}, expandMaxPool)},
	{contribDomain, "Pad", 1, expander(arity{2, 3, 1}, renamed("Pad"))},
	{contribDomain, "QuickGelu", 1, expander(arity{1, 1, 1}, expandGelu)},
	{contribDomain, "Range", 1, expander(arity{2, 3, 1}, expandRange)},
	{contribDomain, "SkipLayerNormalization", 1, expander(arity{3, 5, 4}, expandSkipNorm)},
	{contribDomain, "SkipSimplifiedLayerNormalization", 1, expander(arity{3, 4, 4}, expandSkipNorm)},
	{contribDomain, "TransposeMatMul", 1, expander(arity{2, 2, 1}, expandMatMul)},
	{contribDomain, "Trilu", 1, expander(arity{1, 2, 1}, renamed("Trilu"))},
	{contribDomain, "Unique", 1, expander(arity{1, 1, 3}, expandUnique)},
	// ONNX Runtime has this one in the default domain.
	{"", "SimplifiedLayerNormalization", 1, expander(arity{2, 2, 1}, renamed("RMSNormalization"))},
}

// renamed writes an operator as one of the default domain that is the same.
func renamed(typ string) func(x *expansion) error {
	return func(x *expansion) error {
		in := make([]string, len(x.Inputs))
		for i := range in {
			in[i] = x.in(i)
		}
		x.give(0, x.add(typ, x.Attrs, in...))
		return nil
	}
}

// pick copies the attributes of the given names that are there.
func (x *expansion) pick(names ...string) Attrs {
	a := Attrs{}
	for _, name := range names {
		if v, ok := x.Attrs[name]; ok {
			a[name] = v
		}
	}
	return a
}

func expandGelu(x *expansion) error {
	a := x.in(0)
	if len(x.Inputs) > 1 {
		a = x.plus(a, x.in(1))
	}
	typ, attrs := "Gelu", Attrs{"approximate": "none"}
	switch x.Type {
	case "FastGelu":
		attrs["approximate"] = "tanh"
	case "QuickGelu":
		alpha, err := x.Attrs.Float("alpha", 1.702)
		if err != nil {
			return err
		}
		typ, attrs = "Swish", Attrs{"alpha": alpha}
	}
	x.give(0, x.add(typ, attrs, a))
	return nil
}

func expandUnique(x *expansion) error {
	if len(x.Outputs) > 3 {
		return Invalidf("%d outputs", len(x.Outputs))
	}
	// Its outputs leave out the first occurrences: values, inverse, counts.
	out := x.all(4, "", "Unique", Attrs{"sorted": int64(0)}, x.in(0))
	x.give(0, out[0])
	x.give(1, out[2])
	x.give(2, out[3])
	return nil
}

func expandRange(x *expansion) error {
	step := x.in(2)
	if step == "" {
		step = x.number(1, x.in(0))
	}
	x.give(0, x.add("Range", nil, x.in(0), x.in(1), step))
	return nil
}

func expandGridSample(x *expansion) error {
	attrs := x.pick("padding_mode", "align_corners")
	mode, err := x.Attrs.String("mode", "bilinear")
	if err != nil {
		return err
	}
	attrs["mode"] = mode
	switch mode {
	case "bilinear":
		attrs["mode"] = "linear"
	case "bicubic":
		attrs["mode"] = "cubic"
	}
	x.give(0, x.add("GridSample", attrs, x.in(0), x.in(1)))
	return nil
}

// expandCDist writes distances between the rows of two matrices.
func expandCDist(x *expansion) error {
	metric, err := x.Attrs.String("metric", "sqeuclidean")
	if err != nil {
		return err
	}
	if err := oneOf("metric", metric, "sqeuclidean", "euclidean"); err != nil {
		return err
	}
	last := x.value(tensor.Vector[int64](-1))
	norm := func(in string) string { return x.add("ReduceSumSquare", nil, in, last) }
	rows := norm(x.in(0))
	cols := x.add("Transpose", nil, norm(x.in(1)))
	both := x.add("Gemm", Attrs{"alpha": float32(-2), "transB": int64(1)}, x.in(0), x.in(1), cols)
	d := x.add("Relu", nil, x.add("Add", nil, both, rows))
	if metric == "euclidean" {
		d = x.add("Sqrt", nil, d)
	}
	x.give(0, d)
	return nil
}

// activate adds the activation that an attribute names, with its parameters in
// another.
func (x *expansion) activate(in string, params func(i int, def float32) float32) (string, error) {
	name, err := x.Attrs.String("activation", "")
	if err != nil {
		return "", err
	}
	switch name {
	case "":
		return in, nil
	case "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign":
		return x.add(name, nil, in), nil
	case "LeakyRelu":
		return x.add(name, Attrs{"alpha": params(0, 0.01)}, in), nil
	case "HardSigmoid":
		return x.add(name, Attrs{"alpha": params(0, 0.2), "beta": params(1, 0.5)}, in), nil
	case "Clip":
		lo, hi := params(0, -math.MaxFloat32), params(1, math.MaxFloat32)
		return x.add(name, nil, in, x.number(lo, in), x.number(hi, in)), nil
	}
	return "", Unsupportedf("activation %q", name)
}

// The orders of dimensions between rows of channels and planes.
var (
	toPlanes = Attrs{"perm": []int64{0, 3, 1, 2}}
	toRows   = Attrs{"perm": []int64{0, 2, 3, 1}}
)

// expandConv writes FusedConv and its kin: a convolution, something added, an
// activation.
func expandConv(x *expansion) error {
	list, err := x.Attrs.Floats("activation_params")
	if err != nil {
		return err
	}
	nhwc := x.Type != "FusedConv"
	data, add := x.in(0), x.in(3)
	if nhwc {
		if data = x.add("Transpose", toPlanes, data); add != "" {
			add = x.add("Transpose", toPlanes, add)
		}
	}
	y := x.add("Conv", x.pick("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"), data, x.in(1), x.in(2))
	y, err = x.activate(x.plus(y, add), func(i int, def float32) float32 {
		if i < len(list) {
			return list[i]
		}
		return def
	})
	if err != nil {
		return err
	}
	if nhwc {
		y = x.add("Transpose", toRows, y)
	}
	x.give(0, y)
	return nil
}

func expandMaxPool(x *expansion) error {
	attrs := x.pick("auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides")
	y := x.add("MaxPool", attrs, x.add("Transpose", toPlanes, x.in(0)))
	x.give(0, x.add("Transpose", toRows, y))
	return nil
}

func expandGemm(x *expansion) error {
	y := x.add("Gemm", x.pick("alpha", "beta", "transA", "transB"), x.in(0), x.in(1), x.in(2))
	names := []string{"activation_alpha", "activation_beta"}
	if act, _ := x.Attrs.String("activation", ""); act == "Clip" {
		names = []string{"activation_min", "activation_max"}
	}
	var failed error
	y, err := x.activate(y, func(i int, def float32) float32 {
		v, err := x.Attrs.Float(names[i], def)
		if err != nil {
			failed = err
		}
		return v
	})
	if failed != nil {
		err = failed
	}
	x.give(0, y)
	return err
}

// expandMatMul writes FusedMatMul: matrices may be transposed and the product
// scaled.
func expandMatMul(x *expansion) error {
	if err := x.refuse("transBatchA", "transBatchB"); err != nil {
		return err
	}
	in := []string{x.in(0), x.in(1)}
	for i, name := range []string{"transA", "transB"} {
		turn, err := flag(x.Attrs, name, 0)
		if err != nil {
			return err
		}
		if turn {
			in[i] = x.add("Einsum", Attrs{"equation": "...ij->...ji"}, in[i])
		}
	}
	y := x.add("MatMul", nil, in...)
	alpha, err := x.Attrs.Float("alpha", 1)
	if err != nil {
		return err
	}
	if alpha != 1 {
		y = x.add("Mul", nil, y, x.number(alpha, y))
	}
	x.give(0, y)
	return nil
}

// expandSkipNorm writes the normalisation of a sum.
func expandSkipNorm(x *expansion) error {
	attrs := x.pick("epsilon")
	if !attrs.Has("epsilon") {
		attrs["epsilon"] = float32(1e-12)
	}
	simple := x.Type != "SkipLayerNormalization"
	bias := x.in(4)
	if simple {
		bias = x.in(3)
	}
	sum := x.plus(x.add("Add", nil, x.in(0), x.in(1)), bias)
	if simple {
		if x.wants(1) || x.wants(2) {
			return Unsupportedf("statistics as outputs")
		}
		x.give(0, x.add("RMSNormalization", attrs, sum, x.in(2)))
	} else {
		out := x.all(3, "", "LayerNormalization", attrs, sum, x.in(2), x.in(3))
		for i, name := range out {
			x.give(i, name)
		}
	}
	x.give(3, sum)
	return nil
}

// The places of inputs of EmbedLayerNormalization.
const (
	embedIDs = iota
	embedSegments
	embedWords
	embedPlaces
	embedKinds
	embedGamma
	embedBeta
	embedMask
	embedPositions
)

// expandEmbedding writes what a BERT does first: three tables added up and
// normalised.
func expandEmbedding(x *expansion) error {
	attrs := x.pick("epsilon")
	if !attrs.Has("epsilon") {
		attrs["epsilon"] = float32(1e-12)
	}
	for _, i := range []int{embedWords, embedPlaces, embedGamma, embedBeta} {
		if !x.has(i) {
			return Invalidf("input %d is missing", i)
		}
	}
	places := x.in(embedPlaces)
	if pos := x.in(embedPositions); pos != "" {
		places = x.add("Gather", nil, places, pos)
	} else {
		n := x.add("Shape", Attrs{"start": int64(1), "end": int64(2)}, x.in(embedIDs))
		zero := x.value(tensor.Vector[int64](0))
		places = x.add("Slice", nil, places, zero, n, zero)
	}
	sum := x.add("Add", nil, x.add("Gather", nil, x.in(embedWords), x.in(embedIDs)), places)
	if x.has(embedSegments) != x.has(embedKinds) {
		return Invalidf("segment_ids and segment_embedding go together")
	}
	if x.has(embedSegments) {
		sum = x.plus(sum, x.add("Gather", nil, x.in(embedKinds), x.in(embedSegments)))
	}
	x.give(0, x.add("LayerNormalization", attrs, sum, x.in(embedGamma), x.in(embedBeta)))
	if x.wants(1) {
		of := x.in(embedMask)
		if of == "" { // no mask: zeros
			of = x.add("Sub", nil, x.in(embedIDs), x.in(embedIDs))
		}
		x.give(1, x.add("ReduceSum", Attrs{"keepdims": int64(0)}, of, x.value(tensor.Vector[int64](1))))
	}
	x.give(2, sum)
	return nil
}
