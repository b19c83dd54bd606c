//go:build js

package main

import (
	"time"

	"github.com/hack-pad/safejs"

	"larder/wasm/bridge"
	"larder/wasm/message"
)

func main() {
	page := bridge.Self()
	h := &jsHost{page: page}
	s := newServer(h, time.Now)
	err := h.connect(s.absorb)
	if err == nil {
		_, err = page.Listen(func(v safejs.Value) {
			tree, text, err := readMessage(v)
			if err != nil {
				return // no number to answer to; larder.js sends no such message
			}
			s.Receive(tree, text)
		})
	}
	if err != nil {
		h.Post(message.Failed{Code: message.CodeInternal, Message: err.Error()}.Encode(), nil)
		return
	}
	select {}
}
