//go:build !unix

package filestore

import "os"

// locks: processes do not take turns.
const locks = false

// lockFile does nothing: without flock only one process may use the directory, whose
// goroutines take turns by Store.mu.
func lockFile(*os.File, bool) error { return nil }
