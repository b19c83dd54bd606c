package web

// Colophon is the page's foot: what happens to a picture, and what an answer is
// worth.
type Colophon struct{}
