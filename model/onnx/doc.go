// Package onnx decodes ONNX files: protocol-buffer messages become plain Go
// structs, one file per message. It knows nothing of operators and runs
// nothing; model/graph checks what the structs mean.
//
// Bytes are not trusted. Decoding never panics, its depth is bounded, and it
// allocates no more than a small multiple of the input; what it cannot read is
// an [*Error] that says where and why. Start with [Decode] and [DecodeTensor].
//
// The message definitions are in
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
//
// # Adding a field
//
//  1. Find the file that is named after the message.
//  2. Add the Go field, and a case with the field's number to the decoder.
//  3. Add it to onnxtest, which encodes, so that the round-trip test sees it.
package onnx
