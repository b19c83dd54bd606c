package main

import (
	"syscall/js"

	"larder/web/state"
)

// listen binds the events that bring pictures, and those of the network.
func listen(h *host, app *state.App) {
	on(h.document, "change", func(e js.Value) {
		switch input := e.Get("target"); input.Get("id").String() {
		case "photo":
			takeInput(app, input, state.FromFile)
		case "capture":
			takeInput(app, input, state.FromCamera)
		case "import":
			takeInput(app, input, state.FromFile)
		}
	})
	on(h.document, "paste", func(e js.Value) {
		if data := e.Get("clipboardData"); data.Truthy() {
			takeFirst(app, data.Get("files"), state.FromPaste)
		}
	})
	listenDrop(h, app)
	// Events of pictures do not bubble: the third argument makes the document
	// hear them on their way down.
	broken := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if img := args[0].Get("target"); img.Get("id").Equal(js.ValueOf("preview")) {
			app.CannotShow(img.Get("src").String())
		}
		return nil
	})
	h.document.Call("addEventListener", "error", broken, true)
	on(js.Global(), "popstate", func(js.Value) { h.showTitle(h.page()); app.Shown(h.page()) })
	on(h.document, "visibilitychange", func(js.Value) {
		if h.document.Get("visibilityState").String() == "visible" {
			app.Stock.Read() // another tab may have changed what is stored
		}
	})
	on(js.Global(), "online", func(js.Value) { app.SetOnline(true) })
	on(js.Global(), "offline", func(js.Value) { app.SetOnline(false) })
}

// listenDrop makes the whole page a place to drop a photo on.
func listenDrop(h *host, app *state.App) {
	marks := h.document.Get("documentElement").Get("dataset")
	depth := 0 // of elements that the pointer has entered and not left
	hasFiles := func(e js.Value) bool {
		types := e.Get("dataTransfer").Get("types")
		return types.Call("includes", "Files").Bool()
	}
	on(h.document, "dragenter", func(e js.Value) {
		if hasFiles(e) {
			depth++
			marks.Set("dragging", "")
		}
	})
	on(h.document, "dragleave", func(e js.Value) {
		if depth--; depth <= 0 {
			depth = 0
			marks.Delete("dragging")
		}
	})
	on(h.document, "dragover", func(e js.Value) {
		if hasFiles(e) {
			e.Call("preventDefault") // says that a drop is welcome
		}
	})
	on(h.document, "drop", func(e js.Value) {
		depth = 0
		marks.Delete("dragging")
		if hasFiles(e) {
			e.Call("preventDefault")
			takeFirst(app, e.Get("dataTransfer").Get("files"), state.FromDrop)
		}
	})
}

// takeEarly takes what a person chose before the app was there.
func takeEarly(h *host, app *state.App) {
	if demo := h.boot.Call("takeEarly").Get("demo").Int(); demo >= 0 {
		app.SubmitDemo(demo)
	}
	if input := h.byID("photo"); input.Truthy() {
		takeInput(app, input, state.FromFile)
	}
}

// takeInput takes the file of an input, as what the page that is on show takes, and empties the input, so that choosing
// the same file again is a change.
func takeInput(app *state.App, input js.Value, source state.Source) {
	takeFirst(app, input.Get("files"), source)
	input.Set("value", "")
}

func takeFirst(app *state.App, files js.Value, source state.Source) {
	if !files.Truthy() || files.Length() == 0 {
		return
	}
	file := files.Index(0)
	if app.Page() == state.PageLarder {
		app.Import(file)
		return
	}
	submit(app, file, source, file.Get("name").String())
}

// submit gives a Blob to the app. The app has the object URL released.
func submit(app *state.App, blob js.Value, source state.Source, name string) {
	url := js.Global().Get("URL").Call("createObjectURL", blob).String()
	app.Submit(state.Picture{Source: source, Name: name, URL: url, Data: blob})
}
