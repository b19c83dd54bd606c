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
	screen   *screen
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

// Focus moves the focus to an element, once what is new has been drawn.
func (h *host) Focus(id string) { h.screen.focus(id) }

// ShowPage makes a page's file the document's address, without asking for it.
func (h *host) ShowPage(p state.Page) {
	for _, info := range state.Pages {
		if info.Page == p {
			address := info.File
			if p == state.PageLeaf {
				address = "./"
			}
			js.Global().Get("history").Call("pushState", nil, "", address)
			js.Global().Call("scrollTo", 0, 0)
		}
	}
	h.showTitle(p)
}

// showTitle gives a page its title.
func (h *host) showTitle(p state.Page) {
	for _, info := range state.Pages {
		if info.Page == p {
			h.document.Set("title", info.Title)
		}
	}
}

// page is the page that the document's address names.
func (h *host) page() state.Page {
	path := js.Global().Get("location").Get("pathname").String()
	for _, info := range state.Pages {
		name := strings.TrimSuffix(info.File, ".html") // some hosts leave the suffix out
		if base := path[strings.LastIndexByte(path, '/')+1:]; base == name || base == info.File {
			return info.Page
		}
	}
	return state.PageLeaf
}

// save hands a Blob to the browser's downloads.
func (h *host) save(blob js.Value, name string) {
	url := js.Global().Get("URL").Call("createObjectURL", blob)
	link := h.document.Call("createElement", "a")
	link.Set("href", url)
	link.Set("download", name)
	link.Call("click")
	// The browser has its own hold on the bytes once the download has begun.
	var revoke js.Func
	revoke = js.FuncOf(func(js.Value, []js.Value) any {
		js.Global().Get("URL").Call("revokeObjectURL", url)
		revoke.Release()
		return nil
	})
	js.Global().Call("setTimeout", revoke, revokeAfter)
}

// revokeAfter is how many milliseconds a download has to begin.
const revokeAfter = 60_000

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
