// Package cache is the larder: it keeps versions of models at hand, says how old
// they are, and never serves one that is mixed, partial or changed.
//
//	memory ▸ store (IndexedDB, directory) ▸ registry (HTTP)
//
// [Cache.Get] answers from the nearest tier that has what was asked for. A version
// is ready when its manifest and every chunk that a prediction needs are stored; it
// becomes visible in one strict transaction, and until then the version before it
// serves. Chunks are verified by SHA-256 before they are stored and again whenever
// they are read; a chunk that rotted is deleted and fetched again alone.
//
// Nothing asks in the background: freshness is computed when asked, from an injected
// [Clock]. A fresh version costs no request; an expired one costs a conditional
// request for the index and one for the manifest; if the registry cannot be reached
// the stored version is served and says that it is [Stale].
//
// A Go program keeps other things here too: [Resource] has shared instances with leases,
// such as loaded models; [Data] has values by copy, with a backing that they are written
// through or back to; [Memo] remembers predictions. Versions in memory and all three lie
// in tiers of package memory, whose policy is from package policy. The Cache itself keeps
// hits and last uses of versions in a Data that writes them back to the store: see
// [Cache.Flush].
//
// The package names no backend and no transport. The program passes a store.Store, a
// registry.Fetcher, a registry.Hasher and a [Locker]; wasm/worker, wasm/edge and the
// command line each pass their own.
//
// Start reading at [Options], [Cache.Get] and [Entry], or at [Resource] and [Data].
package cache
