package web

import (
	"strconv"

	"larder/web/state"
)

// Answer is the answer to a picture, and the table of its classes.
type Answer struct {
	Answer *state.AnswerView
}

func (c *Answer) caption() string {
	text := "All classes"
	if !c.Answer.All {
		text = "The " + strconv.Itoa(len(c.Answer.Rows)) + " most probable classes"
	}
	if c.Answer.Unknown {
		text += "; none is likely enough"
	}
	return text
}
