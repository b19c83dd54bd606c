package web

import "larder/web/state"

// Actions is what a person can do on the page. *state.App implements it. Every
// method returns at once: handlers run while the renderer is locked.
type Actions interface {
	SubmitDemo(i int)
	ChooseValue(value string)
	OpenCamera()
	Cancel()
	Retry()
	Reload()
	Check()
	SetTheme(t state.Theme)
	Show(p state.Page)
	Act(d state.Deed)
}
