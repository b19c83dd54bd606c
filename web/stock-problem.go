package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// StockProblem says why something on the Larder page failed, in place.
type StockProblem struct {
	Problem *state.ProblemView
	Retry   state.Deed // without a verb: start Larder again
	Actions Actions
}

func (c *StockProblem) handle(_ vugu.DOMEvent) {
	switch {
	case c.Problem.Action == state.ActionReload:
		c.Actions.Reload()
	case c.Retry.Verb == "":
		c.Actions.Retry()
	default:
		c.Actions.Act(c.Retry)
	}
}

func (c *StockProblem) id() string { return "retry-" + c.Retry.Name }

func (c *StockProblem) label() string {
	if c.Problem.Action == state.ActionReload {
		return "Reload the page"
	}
	return "Try again"
}
