//go:build linux || darwin

package host

import (
	"net/http/httptest"
	"syscall"
	"testing"
)

// TestShortOfFiles takes all file handles away from this process for one request.
func TestShortOfFiles(t *testing.T) {
	h, err := New(Options{Dir: newSite(t)})
	if err != nil {
		t.Fatal(err)
	}
	status := func() int {
		out := httptest.NewRecorder()
		h.ServeHTTP(out, httptest.NewRequest("GET", "/larder.js", nil))
		return out.Code
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	short := status()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if after := status(); short != 503 || after != 200 {
		t.Errorf("%d, and %d afterwards", short, after)
	}
}
