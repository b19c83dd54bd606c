//go:build !js

package web

import (
	"testing"

	"larder/web/state"
)

func TestMasthead(t *testing.T) {
	check(t, []look{
		{"online", &Masthead{Online: true, Theme: state.ThemeAuto},
			[]string{`aria-pressed="true" data-theme-choice="auto"`, `aria-pressed="false" data-theme-choice="dark"`, `data-online="true"`}, []string{"Offline"}},
		{"offline", &Masthead{Theme: state.ThemeDark},
			[]string{"<span>Offline</span>", `aria-pressed="true" data-theme-choice="dark"`}, nil},
	})
}
