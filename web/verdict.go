package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// Verdict is what comes of the picture: progress, the answer, or a problem. Its
// live regions are always there, so that a screen reader hears what enters them.
type Verdict struct {
	View    *state.View
	Actions Actions
}

func (c *Verdict) handleCancel(_ vugu.DOMEvent) { c.Actions.Cancel() }

// warning says that the model may be out of date; empty when it is not.
func (c *Verdict) warning() string {
	if c.View.Model == nil {
		return ""
	}
	return c.View.Model.Warning
}

// idle says that there is nothing to report: a model, but no picture.
func (c *Verdict) idle() bool { return c.View.Phase == state.Ready }
