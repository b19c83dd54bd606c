// Package model runs ONNX classifiers. It is the front door of the tree below
// it: it decodes a file (model/onnx), checks and connects it (model/graph),
// rewrites it (model/pass) and hands it to an engine (model/engine).
//
//	s, err := model.Load(file, model.Options{})
//	…
//	out, err := s.Run(ctx, map[string]*tensor.Tensor{"image": image})
//
// It does not know where files come from (package cache does), how a photo
// becomes a tensor (model/pre), or what the scores mean (model/post).
package model
