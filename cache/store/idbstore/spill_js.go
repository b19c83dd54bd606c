//go:build js

package idbstore

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/hack-pad/safejs"

	"larder/sha256"
)

// spills is where the spills of a database are: the top of the origin's private file
// system. What is written to a file there by its synchronous access handle is the
// operating system's: it stays when the browser is killed, and takes 0.06 ms for 64 KiB
// where a transaction of IndexedDB takes 1 to 5. Only workers have such handles.
type spills struct {
	dir    safejs.Value
	prefix string // of the files' names
}

// spill is one of the files. While it is open nobody else can open it, and its owner's
// end closes it.
type spill struct {
	spills
	name   string
	handle safejs.Value
	at     safejs.Value // the options object of reads and writes
}

// openSpills returns nil where there are no such files.
func openSpills(database string) (*spills, error) {
	navigator, err := global("navigator")
	if err != nil {
		return nil, nil
	}
	storage, err := navigator.Get("storage")
	if err != nil || storage.Type() != safejs.TypeObject {
		return nil, nil
	}
	class, err := global("FileSystemSyncAccessHandle")
	if err != nil || class.Type() != safejs.TypeFunction {
		return nil, nil
	}
	dir, err := await(storage.Call("getDirectory"))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(database)) // whose name may hold what a file's may not
	return &spills{dir, "larder-" + hex.EncodeToString(sum[:4]) + "-"}, nil
}

// create makes a file.
func (s *spills) create() (*spill, error) {
	crypto, err := global("crypto")
	if err != nil {
		return nil, err
	}
	v, err := crypto.Call("randomUUID")
	if err != nil {
		return nil, err
	}
	id, err := v.String()
	if err != nil {
		return nil, err
	}
	f, err := s.open(s.prefix+id, true)
	if err != nil {
		// WebKitGTK makes files and then has no handles of them.
		_, _ = await(s.dir.Call("removeEntry", s.prefix+id))
	}
	return f, err
}

func (s *spills) open(name string, create bool) (*spill, error) {
	file, err := await(s.dir.Call("getFileHandle", name, map[string]any{"create": create}))
	if err != nil {
		return nil, err
	}
	f := &spill{spills: *s, name: name}
	if f.handle, err = await(file.Call("createSyncAccessHandle")); err != nil {
		return nil, err
	}
	if f.at, err = object(nil); err != nil {
		f.close()
	}
	return f, err
}

// left lists the files.
func (s *spills) left() (names []string, err error) {
	keys, err := s.dir.Call("keys")
	if err != nil {
		return nil, err
	}
	for {
		next, err := await(keys.Call("next"))
		if err != nil || boolAt(next, "done") {
			return names, err
		}
		if name := stringAt(next, "value"); strings.HasPrefix(name, s.prefix) {
			names = append(names, name)
		}
	}
}

// The browser closes the files of a worker that ended a little after it lets go of the
// worker's locks, by which others learn that it ended.
const (
	spillTries = 8
	spillPause = 25 * time.Millisecond
)

// abandoned opens a file whose owner has ended, nil if that one lives.
func (s *spills) abandoned(name string) *spill {
	for try := 1; ; try++ {
		f, err := s.open(name, false)
		switch {
		case err == nil:
			return f
		case try == spillTries || exceptionName(err) != "NoModificationAllowedError":
			return nil
		}
		time.Sleep(spillPause)
	}
}

// write writes so many bytes to an offset.
func (f *spill) write(data safejs.Value, at, size int64) error {
	if err := f.at.Set("at", at); err != nil {
		return err
	}
	v, err := f.handle.Call("write", data, f.at)
	if err != nil {
		return thrown(err)
	}
	// A full disk gives no exception but a wrong count.
	if n, err := v.Float(); err != nil || n != float64(size) {
		return &exception{name: "QuotaExceededError", message: "a part was written"}
	}
	return nil
}

// slot reads a slot.
func (f *spill) slot(i int) ([]byte, error) {
	buffer, err := jsBytes(make([]byte, slotBytes))
	if err != nil {
		return nil, err
	}
	if err := f.at.Set("at", i*slotBytes); err != nil {
		return nil, err
	}
	v, err := f.handle.Call("read", buffer, f.at)
	if err != nil {
		return nil, thrown(err)
	}
	n, err := v.Int()
	if err != nil || n < 0 || n > slotBytes {
		return nil, &exception{name: "DataError", message: "a file of chunks cannot be read"}
	}
	out := make([]byte, slotBytes)
	if _, err := safejs.CopyBytesToGo(out, buffer); err != nil {
		return nil, err
	}
	return out[:n], nil
}

// close closes the file, unless it is gone because a person has cleared the site's data:
// Chromium never comes back from closing that one, and the program would stand still.
func (f *spill) close() {
	if _, err := await(f.dir.Call("getFileHandle", f.name)); exceptionName(err) != "NotFoundError" {
		_, _ = f.handle.Call("close")
	}
}

// remove closes the file and deletes it. One that cannot be deleted is deleted by
// whoever gathers next.
func (f *spill) remove() {
	f.close()
	_, _ = await(f.dir.Call("removeEntry", f.name))
}
