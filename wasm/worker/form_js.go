package main

import "syscall/js"

// Form implements host with String.prototype.normalize.
func (h *jsHost) Form(form, text string) string {
	normalize := js.Global().Get("String").Get("prototype").Get("normalize")
	return normalize.Call("call", text, form).String()
}
