package state

import "larder/wasm/message"

// AnswerView is the answer to a picture.
type AnswerView struct {
	Headline string // the class, or that there is none
	Lead     string // one sentence that says how sure the model is
	Spoken   string // the answer for screen readers
	Unknown  bool   // the model does not recognise the picture
	Rows     []RowView
	All      bool   // the rows are all classes, not only the most probable ones
	By       string // which model answered, and how old it is
}

// RowView is one class of the answer.
type RowView struct {
	Label   string
	Percent string // "98.4 %"
	Value   string // the probability from 0 to 1, for a meter
	Top     bool   // the class that the headline names
}

// maxRows bounds the table: nobody reads a thousand rows, and each takes time to draw.
const maxRows = 20

// unknownSentence says plainly that there is no answer.
const unknownSentence = "Larder does not recognise this picture as one of the classes it knows."

func newAnswer(p *message.Prediction, threshold float64) *AnswerView {
	v := &AnswerView{Unknown: p.Unknown, All: len(p.Classes) <= maxRows}
	for _, c := range p.Classes[:min(len(p.Classes), maxRows)] {
		v.Rows = append(v.Rows, RowView{
			Label:   display(c),
			Percent: percent(c.Probability),
			Value:   decimal(c.Probability, 4),
			Top:     !p.Unknown && c.Label == p.Label,
		})
	}
	best, ok := find(p.Classes, p.Label)
	switch {
	case p.Unknown && ok && threshold > 0:
		v.Headline = "Not recognised"
		v.Lead = unknownSentence + " The closest is " + display(best) + " with " + unbroken(percent(best.Probability)) +
			"; it answers from " + unbroken(percent(threshold)) + " on."
	case p.Unknown || !ok:
		v.Headline, v.Lead, v.Unknown = "Not recognised", unknownSentence, true
	default:
		v.Headline = display(best)
		v.Lead = "The model gives this class " + unbroken(percent(best.Probability)) + "."
	}
	v.Spoken = v.Headline + ", " + percent(best.Probability) + "."
	if v.Unknown {
		v.Spoken = unknownSentence
	}
	return v
}

func find(list []message.Class, label string) (message.Class, bool) {
	for _, c := range list {
		if c.Label == label {
			return c, true
		}
	}
	return message.Class{}, false
}

// display is the class's name for people; its name in the model when it has none.
func display(c message.Class) string {
	if c.Display != "" {
		return c.Display
	}
	return c.Label
}
