package web

import (
	"strconv"

	"github.com/vugu/vugu"

	"larder/web/state"
)

// Specimen is where a picture is given and shown. wasm/app binds the file input,
// drag and drop, and paste; the input fills its label, so that the drop zone is
// the same control for the mouse, the keyboard and the screen reader.
type Specimen struct {
	Picture *state.PictureView
	Picker  state.PickerView
	Actions Actions
}

func (c *Specimen) handleDemo(_ vugu.DOMEvent, i int) { c.Actions.SubmitDemo(i) }

func (c *Specimen) handleCamera(_ vugu.DOMEvent) { c.Actions.OpenCamera() }

// full says whether a picture is on show, as a data attribute's value.
func (c *Specimen) full() string { return boolean(c.Picture != nil) }

// prompt is the label of the file input.
func (c *Specimen) prompt() string {
	if c.Picture != nil {
		return "Choose another photo"
	}
	return "Choose a photo"
}

func position(i int) string { return strconv.Itoa(i) }
