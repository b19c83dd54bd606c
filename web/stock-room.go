package web

import (
	"github.com/vugu/vugu"

	"larder/web/state"
)

// StockRoom says what the models take of the room that the browser gives, and lets a
// person bring models in from a file. wasm/app binds the file input.
type StockRoom struct {
	Room    state.RoomView
	Import  *state.WorkView // nil: nothing is imported or asked for
	Actions Actions
}

func (c *StockRoom) handlePersist(_ vugu.DOMEvent) {
	c.Actions.Act(state.Deed{Verb: state.VerbPersist})
}
