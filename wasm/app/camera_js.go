package main

import (
	"syscall/js"

	"larder/web/state"
)

// jpegQuality is that of a photo taken here: high, since the model sees it next.
const jpegQuality = 0.95

// camera is the dialog with the live picture. The dialog stands in index.html,
// outside of what Vugu renders: Vugu would take away its open attribute.
type camera struct {
	host   *host
	app    *state.App
	dialog js.Value
	view   js.Value // the video element
	stream js.Value // undefined while the camera is off
	asked  int      // counts openings: an answer to an older one is not wanted any more
}

func newCamera(h *host, app *state.App) *camera {
	c := &camera{host: h, app: app, dialog: h.byID("camera-dialog"), view: h.byID("camera-view")}
	on(c.dialog, "close", func(js.Value) { c.stop() }) // also for the Escape key
	on(h.byID("camera-close"), "click", func(js.Value) { c.dialog.Call("close") })
	on(h.byID("camera-shoot"), "click", func(js.Value) { c.shoot() })
	return c
}

// open starts the camera. Where a page cannot have a live picture, the input lets
// the device's own camera take the photo.
func (c *camera) open() {
	devices := js.Global().Get("navigator").Get("mediaDevices")
	if !devices.Truthy() || !devices.Get("getUserMedia").Truthy() {
		c.host.byID("capture").Call("click")
		return
	}
	c.asked++
	c.complain("")
	c.ready(false)
	c.dialog.Call("showModal")
	go c.start(c.asked, devices.Call("getUserMedia", map[string]any{
		"audio": false,
		"video": map[string]any{"facingMode": "environment", "width": map[string]any{"ideal": 1280}},
	}))
}

// start waits for the person's permission and shows the live picture.
func (c *camera) start(asked int, promise js.Value) {
	var refused string
	caught := js.FuncOf(func(_ js.Value, args []js.Value) any {
		refused = args[0].Get("name").String()
		return nil
	})
	defer caught.Release()
	stream, err := await("camera", promise.Call("catch", caught))
	current := asked == c.asked && c.dialog.Get("open").Bool()
	switch {
	case err != nil || refused != "":
		if current {
			c.complain(state.CameraProblem(refused))
		}
	case !current:
		stopTracks(stream)
	default:
		c.stream = stream
		c.view.Set("srcObject", stream)
		if _, err := await("camera", c.view.Call("play")); err == nil {
			c.ready(true)
		}
	}
}

// shoot takes what the camera sees and closes the dialog.
func (c *camera) shoot() {
	width, height := c.view.Get("videoWidth").Int(), c.view.Get("videoHeight").Int()
	if width == 0 || height == 0 {
		return // no picture has arrived yet
	}
	canvas := c.host.document.Call("createElement", "canvas")
	canvas.Set("width", width)
	canvas.Set("height", height)
	canvas.Call("getContext", "2d").Call("drawImage", c.view, 0, 0)
	var done js.Func
	done = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done.Release()
		if blob := args[0]; blob.Truthy() {
			submit(c.app, blob, state.FromCamera, "")
		}
		return nil
	})
	canvas.Call("toBlob", done, "image/jpeg", jpegQuality)
	c.dialog.Call("close")
}

// stop switches the camera off.
func (c *camera) stop() {
	c.asked++
	c.view.Set("srcObject", nil)
	stopTracks(c.stream)
	c.stream = js.Undefined()
}

func stopTracks(stream js.Value) {
	if !stream.Truthy() {
		return
	}
	tracks := stream.Call("getTracks")
	for i := range tracks.Length() {
		tracks.Index(i).Call("stop")
	}
}

// ready says whether a photo can be taken.
func (c *camera) ready(yes bool) { c.host.byID("camera-shoot").Set("disabled", !yes) }

// complain shows why there is no picture; the empty text takes it away.
func (c *camera) complain(text string) {
	problem := c.host.byID("camera-problem")
	problem.Set("textContent", text)
	problem.Set("hidden", text == "")
}
