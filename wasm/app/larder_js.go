package main

import (
	"context"
	"fmt"
	"syscall/js"

	"github.com/hack-pad/safejs"

	"larder/wasm/bridge"
	"larder/wasm/message"
	"larder/web/state"
)

// larder is larder.js, as opened by boot.js. It implements state.Larder.
type larder struct {
	boot   js.Value
	host   *host
	opened js.Value
}

var _ state.Larder = (*larder)(nil)

// Open takes over the Larder that boot.js began to open, or opens another after a
// failure.
func (l *larder) Open(context.Context) error {
	opened, err := await("open", l.boot.Call("open"))
	if err != nil {
		return err
	}
	l.opened = opened
	return nil
}

// Index lists what the registry offers.
func (l *larder) Index(context.Context) (message.Index, error) {
	value, err := await("index", l.opened.Call("index"))
	if err != nil {
		return message.Index{}, err
	}
	tree, err := bridge.ToGo(safejs.Safe(value))
	if err != nil {
		return message.Index{}, err
	}
	return message.DecodeIndex(tree)
}

// Load loads a model.
func (l *larder) Load(ctx context.Context, name, version string, onProgress func(message.Progress)) (state.Model, error) {
	sig, stop := signal(ctx)
	defer stop()
	progress := listener(message.DecodeProgress, onProgress)
	defer progress.Release()
	options := map[string]any{"signal": sig, "onProgress": progress}
	if version != "" {
		options["version"] = version
	}
	value, err := await("load", l.opened.Call("load", name, options))
	if err != nil {
		return nil, err
	}
	return newModel(value)
}

// listener is a function for larder.js that decodes what it is called with. What is
// malformed is left out.
func listener[T any](decode func(any) (T, error), f func(T)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		if tree, err := bridge.ToGo(safejs.Safe(args[0])); err == nil {
			if v, err := decode(tree); err == nil {
				f(v)
			}
		}
		return nil
	})
}

// model is a loaded model of larder.js. It implements state.Model.
type model struct {
	value js.Value
	info  message.Info
	demos []state.Demo
}

var _ state.Model = (*model)(nil)

func newModel(value js.Value) (*model, error) {
	m := &model{value: value}
	return m, m.read()
}

// read reads what is known about the model.
func (m *model) read() error {
	tree, err := bridge.ToGo(safejs.Safe(m.value.Get("info")))
	if err != nil {
		return err
	}
	if fields, ok := tree.(map[string]any); ok {
		fields["handle"] = 1.0 // larder.js keeps the model's number to itself
	}
	info, err := message.DecodeInfo(tree)
	if err != nil {
		return fmt.Errorf("app: info of the model: %w", err)
	}
	if info.Model.Digest != m.info.Model.Digest {
		m.demos = demosOf(info)
	}
	m.info = info
	return nil
}

// Info says what is known about the model: what was known before, should larder.js say
// something that cannot be read.
func (m *model) Info() message.Info {
	_ = m.read()
	return m.info
}

// Demos lists the pictures that come with the version.
func (m *model) Demos() []state.Demo { return m.demos }

// Predict classifies a Blob.
func (m *model) Predict(ctx context.Context, picture any) (message.Prediction, error) {
	sig, stop := signal(ctx)
	defer stop()
	value, err := await("predict", m.value.Call("predict", picture, map[string]any{"signal": sig}))
	if err != nil {
		return message.Prediction{}, err
	}
	tree, err := bridge.ToGo(safejs.Safe(value))
	if err != nil {
		return message.Prediction{}, err
	}
	return message.DecodePrediction(tree)
}

// Dispose gives the model back. Its outcome does not matter: the worker drops
// what nobody uses.
func (m *model) Dispose() { go func() { _, _ = await("dispose", m.value.Call("dispose")) }() }

// demosOf reads the demo pictures from the manifest that came with the model.
func demosOf(info message.Info) []state.Demo {
	if info.Manifest == "" {
		return nil
	}
	value, err := safejs.Safe(js.Global().Get("JSON")).Call("parse", info.Manifest)
	if err != nil {
		return nil
	}
	tree, err := bridge.ToGo(value)
	if err != nil {
		return nil
	}
	manifest, _ := tree.(map[string]any)
	return state.DemosOf(manifest, "models/"+info.Model.Name+"/"+info.Model.Version+"/")
}
