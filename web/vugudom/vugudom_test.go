package vugudom

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	script, err := Extract(context.Background(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"window.vuguRender=", "e.getAttribute(t)===n", "x.el.innerHTML===e", `["id","value","checked"]`} {
		if !strings.Contains(string(script), want) {
			t.Errorf("the script lacks %q", want)
		}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the script's syntax is not checked")
	}
	file := filepath.Join(t.TempDir(), "vugu-dom.js")
	if err := os.WriteFile(file, script, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(node, "--check", file).CombinedOutput(); err != nil {
		t.Errorf("syntax: %v\n%s", err, out)
	}
}

func TestScriptRefuses(t *testing.T) {
	tests := []struct {
		name, source, want string
	}{
		{"not Go", "const", "expected"},
		{"no constant", "package domrender\nconst other = 1", "no string constant"},
		{"not a string", "package domrender\nconst jsHelperScript = 1", "no string constant"},
		{"another script", "package domrender\nconst jsHelperScript = " + strconv.Quote("x()"), "another version of Vugu"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Script([]byte(tt.source))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
