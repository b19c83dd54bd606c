package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// Problem says what went wrong, and what to do about it.
type Problem struct {
	Problem *state.ProblemView
	Actions Actions
}

func (c *Problem) handleRetry(_ vugu.DOMEvent)  { c.Actions.Retry() }
func (c *Problem) handleReload(_ vugu.DOMEvent) { c.Actions.Reload() }

func (c *Problem) canRetry() bool  { return c.Problem.Action == state.ActionRetry }
func (c *Problem) canReload() bool { return c.Problem.Action == state.ActionReload }

// report is what a bug report should quote.
func (c *Problem) report() string { return c.Problem.Code + ": " + c.Problem.Detail }
