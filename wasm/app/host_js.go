package main

import (
	"context"
	"fmt"
	"strings"
	"syscall/js"

	"larder/wasm/message"
	"larder/web/state"
)

// host is the browser around the page. It implements state.Host.
type host struct {
	document js.Value
	boot     js.Value
	camera   *camera
}

var _ state.Host = (*host)(nil)

// Fetch reads a picture of this site as a Blob.
func (h *host) Fetch(ctx context.Context, url string) (any, error) {
	sig, stop := signal(ctx)
	defer stop()
	response, err := await("fetch", js.Global().Call("fetch", url, map[string]any{"signal": sig}))
	if err != nil {
		if ctx.Err() != nil {
			return nil, &message.Error{Code: message.CodeAborted, Message: "stopped"}
		}
		return nil, &message.Error{Code: message.CodeOffline, Message: fmt.Sprintf("%s: %v", url, err)}
	}
	if !response.Get("ok").Bool() {
		return nil, &message.Error{Code: message.CodeNotFound, Message: fmt.Sprintf("%s: status %d", url, response.Get("status").Int())}
	}
	blob, err := await("fetch", response.Call("blob"))
	if err != nil {
		return nil, err
	}
	return blob, nil
}

// Release frees the memory behind an object URL.
func (h *host) Release(p state.Picture) {
	if strings.HasPrefix(p.URL, "blob:") {
		js.Global().Get("URL").Call("revokeObjectURL", p.URL)
	}
}

// ShowTheme puts a theme into effect and remembers it.
func (h *host) ShowTheme(t state.Theme) {
	js.Global().Get("larderTheme").Call("choose", string(t))
}

// OpenCamera shows the camera's dialog.
func (h *host) OpenCamera() { h.camera.open() }

// Focus moves the focus to an element.
func (h *host) Focus(id string) {
	if e := h.byID(id); e.Truthy() {
		e.Call("focus")
	}
}

// Reload starts the page again.
func (h *host) Reload() { js.Global().Get("location").Call("reload") }

// byID returns an element of the page.
func (h *host) byID(id string) js.Value { return h.document.Call("getElementById", id) }

// on calls f at every event of that type on target, for as long as the page
// lives.
func on(target js.Value, event string, f func(event js.Value)) {
	target.Call("addEventListener", event, js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	}))
}
