// Package quantize makes a model of integers of a model of floats: weights of
// eight bits, one scale for each output channel, and activations of eight bits
// with ranges that are seen in samples. The result is an ONNX file with pairs of
// QuantizeLinear and DequantizeLinear, which any engine can run; Larder's runs it
// with integers (model/pass, integers.go).
//
// A [Quantizer] decodes the model, watches runs on samples, and writes the file.
// It is for the command line: nothing that is downloaded links it.
package quantize
