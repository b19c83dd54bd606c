package state

import (
	"context"
	"time"

	"larder/wasm/message"
)

// Larder is what the page asks of larder.js. Every error is a *message.Error, or
// is treated as one with the code internal. The methods are called from several
// goroutines.
type Larder interface {
	// Open starts the worker. It is called again after a failure, and when it has
	// succeeded it is not called again.
	Open(ctx context.Context) error
	// Index lists what the registry offers.
	Index(ctx context.Context) (message.Index, error)
	// Load brings a model from memory, the browser's storage or the registry. An
	// empty version means the latest. onProgress may be called until Load returns.
	Load(ctx context.Context, name, version string, onProgress func(message.Progress)) (Model, error)
	// Refresh asks the registry for a newer version now, whatever the time to live
	// says. The next Load returns what was found. onProgress may be called until it returns.
	Refresh(ctx context.Context, name string, onProgress func(message.Progress)) error
}

// Model is a loaded model.
type Model interface {
	// Info says what is known about the model. It does not wait. It changes when the host
	// pushes another version.
	Info() message.Info
	// Demos lists the pictures that come with the version. It does not wait.
	Demos() []Demo
	// Predict classifies a picture: opaque data that the host made.
	Predict(ctx context.Context, picture any) (message.Prediction, error)
	// Dispose gives the memory back. The model is not used afterwards.
	Dispose()
}

// Demo is a picture that comes with a model, for people who have none at hand.
type Demo struct {
	Label   string // the class that it shows, by its name in the model
	Display string // the same for people
	URL     string // relative to the page
}

// Host is what the page asks of the browser around it. Its methods do not wait,
// save for Fetch.
type Host interface {
	// Fetch reads a picture of this site and returns what Model.Predict takes.
	Fetch(ctx context.Context, url string) (any, error)
	// Release frees what the host holds for a picture that is no longer shown.
	Release(p Picture)
	// ShowTheme puts a colour theme into effect and remembers it.
	ShowTheme(t Theme)
	// OpenCamera lets the person take a photo; the host submits it.
	OpenCamera()
	// Focus moves the keyboard's focus to the element with an id, which may appear with
	// what is shown next.
	Focus(id string)
	// ShowPage gives a page its address and title, as an entry of the history.
	ShowPage(p Page)
	// Reload starts the page again.
	Reload()
}

// Clock tells the time. Ages and refresh times are computed from it.
type Clock func() time.Time
