// Package tensor holds the values that flow through a model: dense,
// row-major, n-dimensional arrays of one ONNX element type.
//
// It is the bottom of the model tree: every other package under model may
// import it and it imports none of them. It does no arithmetic; operators
// live in model/op. Start with [Tensor], [Of] and [Data].
package tensor
