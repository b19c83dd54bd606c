package web

import "larder/web/state"

// Colophon is the page's foot: what happens to a picture, and what an answer is
// worth.
type Colophon struct {
	Page state.Page
}

func (c *Colophon) larder() bool { return c.Page == state.PageLarder }
