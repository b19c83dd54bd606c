package state

import "strings"

// Page is one of the pages that the app shows. Both live in one document, so that
// Larder's worker, and what it knows, stays when a person goes from one to the other;
// each has an address and a static file of its own.
type Page string

// The pages.
const (
	PageLeaf   Page = "leaf"   // a diagnosis
	PageLarder Page = "larder" // what is stored, and what happens to it
)

// PageInfo is what a page is called outside of itself.
type PageInfo struct {
	Page        Page
	File        string // its static file
	Title       string
	Description string
}

// Pages lists the pages, the one that a visit begins with first.
var Pages = []PageInfo{
	{PageLeaf, "index.html", "Larder: bean leaf diagnosis",
		"Show a photo of a bean leaf and read its disease. Runs in your browser, works offline, and sends the picture nowhere."},
	{PageLarder, "larder.html", "Larder: models on this device",
		"Every model on this device: how old it is, what it takes, and what happened to it. Works offline."},
}

// ParsePage reads a page's name; anything unknown is PageLeaf.
func ParsePage(s string) Page {
	if Page(s) == PageLarder {
		return PageLarder
	}
	return PageLeaf
}

// Page returns the page that is on show.
func (a *App) Page() Page {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.page
}

// Show goes to a page at a person's wish: it becomes an entry of the browser's history.
func (a *App) Show(p Page) {
	if a.turn(p) {
		a.host.ShowPage(p)
	}
}

// Shown tells that the browser went to a page by itself: back or forward.
func (a *App) Shown(p Page) { a.turn(p) }

// turn makes a page the current one and reports whether it was another before.
func (a *App) turn(p Page) bool {
	turned, unloaded := false, false
	a.update(func() {
		turned = a.page != p
		a.page = p
		unloaded = p == PageLeaf && (a.phase == Opened || turned && a.outdated)
	})
	if turned {
		a.host.Focus(focusMain)
	}
	if turned {
		a.Stock.show(p == PageLarder)
	}
	if unloaded {
		a.load()
	}
	return turned
}

// focusMain is where the focus goes on a new page: what is read next is its content.
const focusMain = "main"

// Instead returns the id of the element that the focus goes to when the one that had it, of
// this id, is gone from the Larder page: beside a button that has done its work, the next
// one of its model. Elsewhere the focus is moved by what a person does.
func (a *App) Instead(id string) string {
	if a.Page() != PageLarder {
		return ""
	}
	for _, v := range []Verb{VerbDownload, VerbRollback} {
		if name, is := strings.CutPrefix(id, Deed{Verb: v}.ID()+"-"); is {
			return Deed{Verb: VerbRefresh, Name: name}.ID()
		}
	}
	return focusMain
}
