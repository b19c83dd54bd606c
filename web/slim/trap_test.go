package slim

import (
	"bytes"
	"strings"
	"testing"
)

func TestTrap(t *testing.T) {
	module, err := Module(build(t, cuttable))
	if err != nil {
		t.Fatal(err)
	}
	trapped, err := Trap(bytes.Clone(module), moved)
	if err != nil {
		t.Fatal(err)
	}
	if len(trapped) >= len(module) {
		t.Errorf("%d bytes of %d are left", len(trapped), len(module))
	}
	if again, err := Trap(bytes.Clone(module), moved); err != nil || !bytes.Equal(again, trapped) {
		t.Errorf("not deterministic (%v)", err)
	}
	whole, err := Trap(bytes.Clone(module), func(string) bool { return false })
	if err != nil || !bytes.Equal(whole, module) {
		t.Errorf("changes a module of which all runs (%v)", err)
	}

	parts, err := Cut(trapped, func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	got, err := runParts(t, parts.Main, nil)
	if err == nil || !strings.Contains(got, "unreachable") {
		t.Errorf("a function that never runs was called: got %q (%v)", got, err)
	}

	if _, err := Trap([]byte("no module"), moved); err == nil {
		t.Error("no error for what is no module")
	}
}
