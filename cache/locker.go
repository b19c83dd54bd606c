package cache

import "context"

// Locker is a set of named locks that everybody who uses one store shares: the tabs
// of an origin (Web Locks), the processes of a machine, or the goroutines of one
// program ([NewLocker]). A holder that dies must lose its locks. Safe for concurrent
// use; locks are not re-entrant.
//
// The cache takes "larder:model:<name>" alone to download a model, and
// "larder:chunks" shared while a download is under way, alone to collect garbage.
type Locker interface {
	// Lock waits until the lock is free, for anybody (shared) or for the caller alone,
	// and takes it. It fails only with ctx's error. release gives the lock back; calling
	// it more than once is no error.
	Lock(ctx context.Context, name string, shared bool) (release func(), err error)
	// TryLock takes the lock if that is possible at once; ok says whether it did.
	TryLock(ctx context.Context, name string, shared bool) (release func(), ok bool, err error)
}
