// Package store is the contract between the cache and the place where it keeps
// its bytes: browser database, directory or memory.
//
// A store holds four things:
//
//   - chunks: byte strings of at most [MaxChunk] bytes, addressed by their
//     SHA-256 [Digest]. They belong to no version: versions and models share
//     them.
//   - records: one [Record] for each version of each model, with the manifest's
//     bytes and the list of the chunks that the version needs.
//   - pointers: which version answers to what was asked for ([Pointer]: "leaf"
//     or "leaf@^1" → "1.1.0"). A version is visible when a pointer leads to it.
//   - documents: small named byte strings that have no versions, such as the
//     registry's index ([Document]).
//
// # What a caller may rely on
//
// A version becomes visible by one call, [Store.Commit], in one transaction that
// is on disk when the call returns. Before it nothing is visible, after it
// everything is, and a process that dies at any moment leaves either state.
//
// A store promises nothing about the bytes of a chunk: whoever reads one compares
// its SHA-256 with the digest before using it. Disks rot, other programs write to
// the same database, and a relaxed write may be lost with the power. Existence is
// no proof either, except inside Commit.
//
// # Adding a backend
//
//  1. Write a package <name>store beside this one with an Open function and a type
//     that implements [Store]; say in its package comment how durable it is and
//     how it behaves when the disk is full.
//  2. Map every native error to a [Code] with [Error]; nothing else may leave.
//  3. Run storetest.Run from its tests; it holds the contract in executable form.
package store
