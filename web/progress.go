package web

import (
	"strconv"

	"github.com/vugu/vugu"

	"larder/web/state"
)

// Progress shows how far the model is on its way.
type Progress struct {
	Loading *state.ProgressView
	Waiting bool // a picture waits for the model
	Actions Actions
}

func (c *Progress) handleCancel(_ vugu.DOMEvent) { c.Actions.Cancel() }

// value is the progress in percent as an attribute's value.
func (c *Progress) value() string { return strconv.Itoa(c.Loading.Value) }

// figures says how far the work is, when that is known.
func (c *Progress) figures() string {
	switch {
	case c.Loading.Amount != "":
		return c.Loading.Amount
	case c.Loading.Known:
		return c.value() + " %"
	default:
		return ""
	}
}
