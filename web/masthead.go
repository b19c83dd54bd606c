package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// Masthead is the page's head: the name, the state of the network, the theme.
type Masthead struct {
	Online  bool
	Theme   state.Theme
	Actions Actions
}

// themes are the entries of the theme switch.
var themes = []struct {
	theme state.Theme
	label string
}{
	{state.ThemeAuto, "Auto"},
	{state.ThemeLight, "Light"},
	{state.ThemeDark, "Dark"},
}

func (c *Masthead) handleTheme(_ vugu.DOMEvent, t state.Theme) { c.Actions.SetTheme(t) }

// boolean is a boolean attribute's value in ARIA's terms.
func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
