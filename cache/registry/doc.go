// Package registry reads a model registry: a folder on any static web host.
//
//	index.json                        names, versions, aliases        (Index)
//	<name>/<version>/manifest.json    files as lists of chunks        (Manifest)
//	<name>/<version>/<path>           the files themselves
//
// It decodes index and manifest with fixed bounds, chooses versions ([Index.Resolve]),
// and downloads the chunks that somebody misses ([Client.Download]): resumed by
// Range requests, verified by SHA-256 before anybody else sees them, retried with
// growing pauses, cancelled by the context.
//
// It knows no transport and no store. The host program passes a [Fetcher] (fetch in
// a browser, cache/registry/httpfetch natively) and a [Hasher]; verified chunks go to
// a function of the caller's.
package registry
