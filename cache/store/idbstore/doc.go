// Package idbstore is the store in the browser's IndexedDB, for pages and workers.
//
// The database (named "larder" unless Options say otherwise) has six object stores,
// all with keys of their own:
//
//	chunks     "<sha256 in hexadecimal>"  ArrayBuffer: a chunk as it arrived
//	packs      "<sha256 of the table>"    Blob: chunks one after the other
//	tables     the name of the pack       Uint8Array: for each chunk of the pack 32 bytes
//	                                      of digest, zero once it is deleted, and 4 of size
//	records    "name@version"             {name, version, manifest: Uint8Array, digest,
//	                                       chunks: [{digest, size}], committedAt, checkedAt,
//	                                       usedAt, hits, manifestETag, pinned}
//	pointers   "name" or "name@selector"  {name, selector, version, checkedAt, skip}
//	documents  key                        {key, data: Uint8Array, etag, checkedAt}
//
// A chunk that is put becomes a record of its own. Compact joins those to packs of up to 4
// MiB, which are read in a fraction of the time. Version 1 had no packs: its chunks are
// loose ones, which is why opening it changes nothing but the number.
//
// A worker's download is gathered (Gather): each chunk is appended to a file of the origin's
// private file system, which is what survives the end of the process, and to a pack in the
// making; whole packs are stored meanwhile. The file is named "larder-<hash of the database's
// name>-<random>" and goes at the end of the download. What is left of one whose worker died
// is stored by the next Gather, all of it, or by the next Sweep, as far as that is to keep
// it; then it goes too. While its worker lives, nobody else can open it.
//
// Times are milliseconds since 1970. What is read is checked: a record that is not of
// this form is taken as not stored.
//
// # Durability and room
//
// Commit uses durability "strict", so that it is on disk when it returns; everything
// else is relaxed. Killing the browser leaves each transaction whole or undone. A full
// disk or quota gives the code Quota and leaves what was there. No value is larger than
// 4 MiB, far below the 127 MiB that Chromium allows for one.
//
// # Other tabs
//
// A tab that wants to upgrade or delete the database is not kept waiting: this one
// closes its connection and opens a new one with its next call. When the user deletes
// the site's data, or the browser evicts it, calls find an empty database.
//
// # Bytes
//
// Chunks stay outside Go's heap: what Chunks returns is a [*Blob], whose JSValue is a
// Uint8Array, often a part of its buffer, and PutChunks takes any Blob with such a method without copying it through
// Go. Whoever has the Uint8Array must not transfer its buffer away.
//
// One persistent callback serves all events. Inside a transaction only callbacks run:
// a goroutine that waited for anything else would find the transaction finished.
package idbstore
