//go:build unix

package filestore

import (
	"os"
	"syscall"
)

// locks: processes take turns.
const locks = true

// lockFile waits for an advisory lock on an open file. Closing the file releases it,
// and so does the death of the process.
func lockFile(f *os.File, shared bool) error {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	for {
		if err := syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}
