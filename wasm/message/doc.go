// Package message holds everything that crosses between the page and the
// worker: requests, replies, progress, events, tensors and errors.
//
// A message is a plain tree, which crosses as text (see wasm/worker/flat.go):
// nil, bool, numbers, strings, []any and map[string]any. Each type here has an
// Encode method, which makes that tree, and a Decode function, which reads one
// that came from outside: it checks the type, the range and the length of every
// field and never panics. Values that only the JavaScript host understands (a
// Blob, an ArrayBuffer, an ImageData, the typed array of a tensor) pass through
// untouched as any.
//
// The package is a leaf: it imports neither the bridge nor the model or cache
// trees, and it runs and is tested natively.
//
// # The exchange
//
// The page sends a [Request] with a number of its own choice, at any time: what
// comes before the worker's program listens is kept for it. A worker that cannot
// start says [Failed]. The worker answers with any
// number of [Progress] messages and exactly one [Reply] with that number. A
// request with the method [MethodCancel] cancels the request that has its
// number; the cancelled request is answered with the code [CodeAborted]. An
// [Event] belongs to no request.
//
// # Adding a method
//
//  1. Add its name in method.go and its parameters in params.go.
//  2. Add the type of its result, with Encode and Decode, in a file of its own.
//  3. Add both to the tables of the tests; the fuzz test finds the rest.
//  4. Add the handler in wasm/worker and the call in web/static/larder.js.
package message
