// Package site assembles the static website: it takes the sources in web/static, the
// compiled WebAssembly programs and a model registry, and writes a folder that any
// static host can serve, also under a sub-path.
//
// The steps are the list in [Build]; each lives in a file of its own:
//
//	program.go     compile wasm/app and wasm/worker
//	collect.go     gather static files, the Go runtime's loader, the static shell
//	registry.go    verify and copy the model registry
//	notice.go      collect the licence texts of what is shipped
//	asset.go       give assets/NAME its content hash and rewrite what refers to it
//	precache.go    tell the service worker what the shell consists of
//	relative.go    refuse URLs that would break under a sub-path
//	compress.go    write .gz and .br beside each file that gets smaller
//	budget.go      the size that each artefact may have
//	write.go       replace the output folder in one step
//
// [BuildEdge] in edge.go assembles the edge worker with the same parts.
//
// The same sources always give the same bytes.
//
// # Adding an asset
//
//  1. Put it into web/static/assets, or produce it in [Options.Assets].
//  2. Refer to it as `assets/NAME` from any other source; the builder puts the
//     hashed name there, relative to the file that refers to it.
package site
