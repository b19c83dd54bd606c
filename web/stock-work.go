package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// StockWork shows an action under way.
type StockWork struct {
	Name    string // of the model; empty for an import
	Work    *state.WorkView
	Actions Actions
}

// label is what is done; once there is progress, the part of it.
func (c *StockWork) label() string { return c.Work.Progress.Label }

func (c *StockWork) stop() state.Deed { return state.Deed{Verb: state.VerbStop, Name: c.Name} }

func (c *StockWork) handle(_ vugu.DOMEvent) { c.Actions.Act(c.stop()) }
