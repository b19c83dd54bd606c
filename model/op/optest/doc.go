// Package optest runs ONNX's own operator tests (github.com/onnx/onnx,
// onnx/backend/test/data) against model.Load and Session.Run. It is tests only
// and exports nothing.
//
// A case is a folder with model.onnx and test_data_set_0/{input,output}_N.pb. It
// passes, or fails (a wrong number, shape or element type, a panic, a hang, any
// error but the typed "unsupported"), or is unsupported: refused by name with
// model.UnsupportedOperator. A wrong number is always a failure of the test.
//
// # Running
//
//	go test ./model/op/optest             all cases, a summary for each directory
//	go test ./model/op/optest -v          and each unsupported case with its reason
//	go test ./model/op/optest -run Suite/node -args -case resize
//	go test ./model/op/optest -args -update    rewrites testdata/pass.txt
//
// The cases come from the folder named by LARDER_ONNX_TESTS (with node, simple,
// pytorch-operator or pytorch-converted in it), else from the archive
// ../shared/conformance/onnx-backend-tests.tar.xz beside the checkout. Without
// either, only the small selection in testdata/cases runs.
//
// # Adding
//
//  1. Add the operator (see package op).
//  2. Run the suite. Names that pass now and are not in testdata/pass.txt are
//     printed and fail the test: add them, by hand or with -update.
//  3. A case that no right implementation can pass (random numbers) belongs in
//     testdata/skip.txt, with the reason behind the name.
//
// Listed names must go on passing.
package optest
