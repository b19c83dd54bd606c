package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// Masthead is the page's head: the name, the state of the network, the theme.
type Masthead struct {
	Page    state.Page
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

// pages are the links to the site's pages. The one without a name is no page of the app.
var pages = []struct {
	page        state.Page
	href, label string
}{
	{state.PageLeaf, "./", "Leaf"},
	{"", "text.html", "Text"},
	{state.PageLarder, "larder.html", "Larder"},
}

// current is a link's aria-current.
func (c *Masthead) current(p state.Page) string {
	if p == c.Page {
		return "page"
	}
	return "false"
}

// handlePage turns to a page of the app without leaving the document. A click that asks
// for another tab or window is the browser's, and so are links to other pages.
func (c *Masthead) handlePage(event vugu.DOMEvent, p state.Page) {
	for _, key := range []string{"ctrlKey", "metaKey", "shiftKey", "altKey"} {
		if event.PropBool(key) {
			return
		}
	}
	if p != "" {
		event.PreventDefault()
		c.Actions.Show(p)
	}
}

func (c *Masthead) handleTheme(_ vugu.DOMEvent, t state.Theme) { c.Actions.SetTheme(t) }

// boolean is a boolean attribute's value in ARIA's terms.
func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
