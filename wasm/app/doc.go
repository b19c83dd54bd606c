// Command app is the page: it puts the components of package web on the screen
// and connects the state machine of package web/state with larder.js and with the
// browser.
//
// It contains no model and no cache: those are in wasm/worker, and larder.js
// speaks with it. boot.js starts this program and hands over what it has begun.
//
//	main_js.go     the wiring
//	screen_js.go   when and how the view is drawn
//	larder_js.go   state.Larder, over larder.js
//	host_js.go     state.Host, over the browser
//	input_js.go    a file chosen, dropped or pasted; the network's coming and going
//	camera_js.go   the camera's dialog
//	promise_js.go  promises whose rejections are errors with a code
//
// A panic ends the program. boot.js sees that and tells the person to reload, so
// nothing here recovers: a page whose state is unknown must not go on.
//
// Handlers of events never wait. What waits runs in a goroutine of its own.
package main
