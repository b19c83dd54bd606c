//go:build !js

package web

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vugu/vugu"
	"github.com/vugu/vugu/staticrender"
)

// render returns the markup of a component.
func render(t *testing.T, c vugu.Builder) string {
	t.Helper()
	var out bytes.Buffer
	r := staticrender.New(&out)
	env, err := vugu.NewBuildEnv(r.EventEnv())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Render(env.RunBuild(c)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// look is a component in one state, and what its markup has and lacks.
type look struct {
	name      string
	component vugu.Builder
	has       []string
	lacks     []string
}

func check(t *testing.T, looks []look) {
	t.Helper()
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			got := render(t, l.component)
			for _, s := range l.has {
				if !strings.Contains(got, s) {
					t.Errorf("lacks %q:\n%s", s, got)
				}
			}
			for _, s := range append(l.lacks, "style=", "onclick", "javascript:") {
				if strings.Contains(got, s) {
					t.Errorf("has %q:\n%s", s, got)
				}
			}
		})
	}
}
