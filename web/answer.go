package web

import "larder/web/state"

// Answer is the answer to a picture, and the table of all classes.
type Answer struct {
	Answer *state.AnswerView
}

func (c *Answer) caption() string {
	if c.Answer.Unknown {
		return "All classes; none is likely enough"
	}
	return "All classes"
}
