// Package state is the page without the page: what Larder's demo knows, what a
// person can do to it, and what there is to see, as plain Go values.
//
// [App] is the state machine. Its commands (Start, Submit, SubmitDemo, Choose,
// Retry, Cancel …) return at once; whatever takes time runs in a goroutine of
// its own and calls the notify function when there is something new to show.
// [App.View] then returns a [View]: finished texts and figures, so that the
// components of package web only lay out what they are given.
//
// The package is not the renderer and not the browser: it knows no DOM and no
// JavaScript. It reaches Larder through the interface [Larder] and the browser
// through the interface [Host], both of which wasm/app implements, and it reads
// the time from a [Clock]. That is why all of it is tested natively.
//
// # Phases
//
//	Booting ─► Loading ─► Ready ─► Predicting ─► Answered
//	    └─────────┴──────────────────────┴─► Failed ─► (Retry, or another picture)
//
// A picture that comes before the model is ready waits for it. A newer picture
// or another model supersedes what is under way: the older work is cancelled and
// its result, should it still come, is dropped.
//
// # Adding a panel
//
//  1. Add its data to [View] as a struct of texts, and fill it in App.View.
//  2. Add a table test that names the states in which it shows.
//  3. Add the component in package web, with the struct as its only field.
package state
