//go:build !js

package web

import (
	"os"
	"os/exec"
	"testing"
)

// TestServiceWorker runs the unit tests of static/sw.js.
func TestServiceWorker(t *testing.T) {
	// Reading the files tells go test that the outcome depends on them.
	for _, name := range []string{"sw.test.mjs", "static/sw.js"} {
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the service worker's unit tests are not run")
	}
	if out, err := exec.Command(node, "--test", "sw.test.mjs").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
