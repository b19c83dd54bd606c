// Package main is the inference program at the edge: the Go half of the
// Cloudflare Worker in worker.mjs.
//
// One program lives as long as the isolate. JavaScript calls it synchronously
// with bytes and gets bytes; it never waits, starts no goroutine and sets no
// timer, because in a Worker those belong to one request and hang all others.
// What it lacks it asks for by name (service.Need); JavaScript awaits the object
// and calls again.
//
// All of the logic is in wasm/edge/service, which is plain Go and tested
// natively. The control plane, which may be slow, is in wasm/edge/control.
//
//	worker.mjs    routes, bodies, the loop of needs
//	engine.mjs    starts the Go program, calls it, replaces a dead one
//	objects.mjs   R2 bucket or static assets; the registry over HTTP
//	control.mjs   starts the control program for one request
package main
