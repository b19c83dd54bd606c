package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// StockModel is one model of the Larder page, with its versions and what can be done
// with them.
type StockModel struct {
	Model   state.StockModelView
	Actions Actions
}

// tool is a button.
type tool struct {
	label string
	deed  state.Deed
}

// tools are the buttons of the model as a whole.
func (c *StockModel) tools() []tool {
	if !c.Model.Stored {
		return []tool{{"Download", c.deed(state.VerbDownload, "")}}
	}
	list := []tool{{"Check for a newer version", c.deed(state.VerbRefresh, "")}, {"Verify", c.deed(state.VerbVerify, "")}}
	if c.Model.Back != "" {
		list = append(list, tool{"Go back to " + c.Model.Back, c.deed(state.VerbRollback, "")})
	}
	return append(list, tool{"Remove…", c.deed(state.VerbAsk, "")})
}

func (c *StockModel) deed(v state.Verb, version string) state.Deed {
	return state.Deed{Verb: v, Name: c.Model.Name, Version: version}
}

// pin is what the pin's button does: the other of what is.
func (c *StockModel) pin(v *state.StockVersionView) state.Deed {
	if v.Pinned {
		return c.deed(state.VerbUnpin, v.Version)
	}
	return c.deed(state.VerbPin, v.Version)
}

func pinLabel(pinned bool) string {
	if pinned {
		return "Unpin"
	}
	return "Pin"
}

func (c *StockModel) busy() string { return boolean(c.Model.Work != nil) }

// handleKey lets Escape answer no.
func (c *StockModel) handleKey(event vugu.DOMEvent) {
	if event.PropString("key") == "Escape" {
		c.Actions.Act(c.deed(state.VerbKeep, ""))
	}
}

func (c *StockModel) handle(_ vugu.DOMEvent, d state.Deed) { c.Actions.Act(d) }
