// Worker is the program that owns the models: it runs in a Web Worker that
// larder.js starts, answers the requests of package message, and is where the
// cache and the model tree meet. The page that asks owns nothing.
//
// A request runs on a goroutine of its own, so that a download does not hold up
// an answer; computing takes turns, one request at a time. Every request can be
// cancelled, and one that panics is answered with the code internal: the worker
// lives on.
//
//	server.go    receives requests, runs and cancels them, replies
//	method.go    the table of methods
//	open.go      open: storage, registry, cache
//	load.go      load: cache ▸ session; onnx.go: the same from bytes
//	shelf.go     sessions by digest, shared by handles
//	predict.go   predict and preprocess; run.go: run
//	memo.go      answers that were given before, and giving memory back
//	store.go     cache.list, cache.refresh, cache.renew, cache.evict, cache.stats, index
//	keep.go      what else a person does with stored models: pin, roll back, verify,
//	             export, import; tier.go: what happened in each tier
//	describe.go  what a page may know about a model
//	fault.go     any error as a message
//	host.go      what is needed of JavaScript; *_js.go: how it is had
//
// All but host_js.go and its siblings is tested natively. web/static/assets/worker.js
// starts the program.
package main
