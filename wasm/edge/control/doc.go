// Package main is the control plane at the edge: an operator's calls that
// change the registry in the R2 bucket of a deployment.
//
//	GET  /control/models                        the index
//	PUT  /control/objects/models/…              upload one file of a package
//	POST /control/models/{name}/versions        {"version":"2.1.0"}: list an uploaded version
//	POST /control/models/{name}/aliases         {"alias":"latest","version":"1.1.0"}: roll out, roll back
//
// A version is uploaded file by file, manifest last, and is invisible until it
// is listed; listing checks that the manifest and every file it names are there
// with the sizes it names. An alias moves in one write of index.json.
//
// Every call carries "Authorization: Bearer <token>", the Worker's secret
// CONTROL_TOKEN. Without that secret the control plane is off.
//
// It is a program of its own because github.com/syumai/workers starts a Go
// program for every request and links net/http: fine for rare calls, not for
// inference (see the parent folder). The handler is a plain http.Handler and is
// tested natively.
package main
