package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// Details says which model answers, how old it is, and lets a person choose
// another.
type Details struct {
	Model   *state.ModelView // nil: none is loaded
	Choices []state.ChoiceView
	Actions Actions
}

func (c *Details) handleChoice(event vugu.DOMEvent) {
	c.Actions.ChooseValue(event.PropString("target", "value"))
}

func (c *Details) handleCheck(_ vugu.DOMEvent) { c.Actions.Check() }

// facts are the rows of the list of facts.
func (c *Details) facts() [][2]string {
	m := c.Model
	return [][2]string{
		{"Model", m.Title},
		{"Version", m.Version},
		{"Made", m.Made},
		{"Age", m.Checked},
		{"Next refresh", m.Refresh},
		{"Source", m.Source},
		{"Size", m.Size},
		{"Runs on", m.Threads},
		{"Fingerprint", m.Digest},
	}
}

// checkLabel is the label of the button that asks for a newer version.
func (c *Details) checkLabel() string {
	if c.Model.Checking {
		return "Checking…"
	}
	return "Check for a newer version"
}
