// Package compile makes a model ready ahead of time: its graph after all rewrites,
// and its weights in the order in which kernels read them, as 32-bit floats or as
// 16-bit ones that are widened when they are loaded. Whoever loads the two files
// neither searches for patterns nor packs weights: it streams them into memory.
//
// The graph is an ONNX file (so that there is one decoder for both, bounded and
// fuzzed) whose nodes may be of Larder's own domain and whose large tensors are
// external data with entries of [onnx.FormEntry]; its metadata names the version of
// the format. The plan itself, the list of steps, is made from it when it is loaded:
// so a file serves any number of threads and every batch size, outlives a change of
// the kernels' arguments, and holds no address that a hostile one could choose.
package compile
