package main

import (
	"syscall/js"
	"time"

	"github.com/hack-pad/safejs"

	"larder/wasm/bridge"
	"larder/web"
	"larder/web/state"
)

// refresh is how often ages on the page are brought up to date. The finest unit
// that is shown is a minute.
const refresh = 20 * time.Second

func main() {
	boot := js.Global().Get("larderBoot")
	screen := newScreen(boot)
	host := &host{document: js.Global().Get("document"), boot: boot, screen: screen}
	lib := &larder{boot: boot, host: host}
	app := state.New(state.Options{
		Larder: lib,
		Cache:  lib,
		Host:   host,
		Clock:  time.Now,
		Notify: screen.invalidate,
		Shell:  readShell(host.document),
		Page:   state.ParsePage(host.byID("app").Get("dataset").Get("page").String()),
		Theme:  state.ParseTheme(js.Global().Get("larderTheme").Get("remembered").String()),
		Online: js.Global().Get("navigator").Get("onLine").Bool(),
	})
	host.camera = newCamera(host, app)
	listen(host, app)
	if err := screen.show(web.NewRoot(app.View(), app), app); err != nil {
		panic(err)
	}
	app.Start()
	takeEarly(host, app)
	go func() {
		for range time.Tick(refresh) {
			screen.invalidate()
		}
	}()
	screen.run()
}

// readShell reads the data that the static page was rendered from. A page without
// it starts empty and fills when Larder has read the registry's index.
func readShell(document js.Value) state.Shell {
	element := document.Call("getElementById", "larder-shell")
	if !element.Truthy() {
		return state.Shell{}
	}
	value, err := safejs.Safe(js.Global().Get("JSON")).Call("parse", element.Get("textContent").String())
	if err != nil {
		return state.Shell{}
	}
	tree, err := bridge.ToGo(value)
	if err != nil {
		return state.Shell{}
	}
	shell, err := state.DecodeShell(tree)
	if err != nil {
		return state.Shell{}
	}
	return shell
}
