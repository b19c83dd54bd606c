// Command gen writes the models of the browser benchmark: the architectures of well
// known classifiers with random weights, because speed does not depend on what a
// net has learnt. The weights come from a fixed seed and plain arithmetic, so that
// every machine writes the same bytes.
//
// Each net is described once (net.go, models.go) and written three times, because
// not every engine reads ONNX:
//
//	NAME.onnx                    onnx.go    Larder, onnxruntime-web
//	nhwc/NAME.json, nhwc/NAME.bin graph.go  TensorFlow.js, layer by layer
//	nhwc/NAME.tflite             tflite.go  LiteRT.js
//
// The transformers (encoder.go, encoders.go) are written as ONNX only, node by node
// as exporters do.
//
// models.json names them all with their multiply-adds.
//
// To add a model: write a function in models.go and list it there. An operator that
// no net has used so far needs a case in each of the three writers.
package main
