package op

import "testing"

// TestRefusedByName checks operators that are refused with a reason.
func TestRefusedByName(t *testing.T) {
	checkRefused(t, Unsupported, []opCase{
		{name: "codec", typ: "ImageDecoder", in: tensors{ints(1)}},
		{name: "random", typ: "Bernoulli", in: tensors{count(2)}},
		{name: "training", domain: "ai.onnx.preview.training", typ: "Adam", opset: 1, in: tensors{count(1)}},
		{name: "graph", domain: previewDomain, typ: "FlexAttention", opset: 1, attrs: Attrs{"score_mod": 1}, in: tensors{zeros(1, 1, 1, 1), zeros(1, 1, 1, 1), zeros(1, 1, 1, 1)}},
		{name: "length", typ: "DFT", in: tensors{zeros(1, 2, 1), ints(1 << 40)}},
		{name: "one side of complex", typ: "DFT", attrs: Attrs{"onesided": int64(1)}, in: tensors{zeros(1, 2, 2)}},
		{name: "region", typ: "RoiAlign", in: tensors{zeros(1, 1, 2, 2), of(dims(1, 4), float32(0), 0, 1e30, 1), ints(0)}},
		{name: "volume", typ: "DeformConv", opset: 19, attrs: Attrs{"kernel_shape": []int64{1, 1, 1}}, in: tensors{zeros(1), zeros(1), zeros(1)}},
		{name: "groups", domain: contribDomain, typ: "MatMulNBits", attrs: Attrs{"K": int64(16), "N": int64(1), "block_size": int64(16)},
			in: tensors{zeros(1, 16), of(dims(8), make([]uint8, 8)...), zeros(1), nil, ints(0)}},
		{name: "half packed", domain: contribDomain, typ: "MultiHeadAttention", attrs: Attrs{"num_heads": int64(1)}, in: tensors{zeros(1, 1, 1), zeros(1, 1, 1, 2, 1)}},
		{name: "batches turned", domain: contribDomain, typ: "FusedMatMul", attrs: Attrs{"transBatchA": int64(1)}, in: tensors{zeros(1, 1, 1), zeros(1, 1, 1)}},
		{name: "activation", domain: contribDomain, typ: "FusedConv", attrs: Attrs{"activation": "Mish"}, in: tensors{zeros(1, 1, 1), zeros(1, 1, 1)}},
	})
}

// TestNetworksInvalid checks calls that break the specification.
func TestNetworksInvalid(t *testing.T) {
	x, w := zeros(2, 1, 3), zeros(1, 2, 3)
	checkRefused(t, Invalid, []opCase{
		{name: "gates", typ: "LSTM", attrs: Attrs{"hidden_size": int64(2)}, in: tensors{x, w, zeros(1, 2, 2)}},
		{name: "directions", typ: "RNN", attrs: Attrs{"direction": "bidirectional"}, in: tensors{x, w, zeros(1, 2, 2)}},
		{name: "activation", typ: "RNN", attrs: Attrs{"activations": []string{"Sine"}}, in: tensors{x, w, zeros(1, 2, 2)}},
		{name: "activations", typ: "GRU", attrs: Attrs{"activations": []string{"Tanh"}}, in: tensors{x, w, zeros(1, 2, 2)}},
		{name: "length", typ: "RNN", in: tensors{x, w, zeros(1, 2, 2), nil, of(dims(1), int32(3))}},
		{name: "heads", typ: "Attention", opset: 23, attrs: Attrs{"q_num_heads": int64(3), "kv_num_heads": int64(2)}, in: tensors{zeros(1, 1, 6), zeros(1, 1, 4), zeros(1, 1, 4)}},
		{name: "no heads", typ: "Attention", opset: 23, in: tensors{zeros(1, 1, 6), zeros(1, 1, 6), zeros(1, 1, 6)}},
		{name: "half a past", typ: "Attention", opset: 23, in: tensors{zeros(1, 1, 1, 1), zeros(1, 1, 1, 1), zeros(1, 1, 1, 1), nil, zeros(1, 1, 1, 1)}},
		{name: "mask", typ: "Attention", opset: 23, in: tensors{zeros(1, 1, 1, 1), zeros(1, 1, 1, 1), zeros(1, 1, 1, 1), zeros(1, 2)}},
		{name: "class", typ: "NegativeLogLikelihoodLoss", in: tensors{zeros(1, 2), ints(2)}},
		{name: "position", typ: "RotaryEmbedding", opset: 23, attrs: Attrs{"num_heads": int64(1)}, in: tensors{zeros(1, 1, 2), zeros(2, 1), zeros(2, 1), of(dims(1, 1), int64(2))}},
		{name: "grid", typ: "GridSample", in: tensors{zeros(1, 1, 2, 2), zeros(1, 1, 1, 3)}},
		{name: "frame", typ: "STFT", in: tensors{zeros(1, 2, 1), of(dims(), int64(1)), nil, of(dims(), int64(3))}},
		{name: "step", typ: "STFT", in: tensors{zeros(1, 2, 1), of(dims(), int64(0))}},
		{name: "picture of a region", typ: "MaxRoiPool", attrs: Attrs{"pooled_shape": []int64{1, 1}}, in: tensors{zeros(1, 1, 2, 2), of(dims(1, 5), float32(1), 0, 0, 1, 1)}},
		{name: "blocks", typ: "Col2Im", opset: 18, in: tensors{zeros(1, 4, 3), ints(2, 2), ints(2, 2)}},
		{name: "index", typ: "MaxUnpool", attrs: Attrs{"kernel_shape": []int64{2}}, in: tensors{zeros(1, 1, 1), of(dims(1, 1, 1), int64(2))}},
		{name: "cache", typ: "TensorScatter", opset: 24, in: tensors{zeros(1, 2, 1), zeros(1, 2, 1), ints(1)}},
		{name: "singular", domain: contribDomain, typ: "Inverse", in: tensors{zeros(2, 2)}},
		{name: "decay", typ: "LinearAttention", opset: 27, attrs: Attrs{"q_num_heads": int64(1), "kv_num_heads": int64(1)}, in: tensors{x, x, x}, outputs: 2},
		{name: "bands", typ: "MelWeightMatrix", in: tensors{ints(2), ints(8), ints(100), zeros(), of(dims(), float32(1e6))}},
	})
}
