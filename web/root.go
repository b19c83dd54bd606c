package web

import "larder/web/state"

// Root is the whole page below the skip link.
type Root struct {
	View    state.View
	Actions Actions
}

// NewRoot returns the page as it is before anything has happened.
func NewRoot(view state.View, actions Actions) *Root {
	return &Root{View: view, Actions: actions}
}
