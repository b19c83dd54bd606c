//go:build js

package main

import (
	"context"

	"github.com/hack-pad/safejs"

	"larder/model/engine"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

// kernels is what worker.js has made ready before it started this program: engine,
// module, shared, collect (see engine.NewJSHost and web/static/parts/kernels.js), and
// team (parts/team.js). Tests have none.
func kernels() safejs.Value {
	v, err := safejs.Global().Get("larderKernels")
	if err != nil {
		return safejs.Undefined()
	}
	return v
}

// Engine implements host.
func (h *jsHost) Engine(ctx context.Context, asked int) (machine, error) {
	k := kernels()
	name := bridge.Text(k, "engine")
	if name == "" || name == message.EngineReference {
		return plainGo(asked), nil
	}
	threads, reason, err := muster(ctx, k, asked)
	if err != nil {
		return machine{}, err
	}
	if h.team, err = k.Get("team"); err != nil {
		return machine{}, err
	}
	host := engine.NewJSHost(safejs.Unsafe(k), threads)
	return machine{engine: engine.Planned{Host: host}, name: name, threads: threads, reason: reason}, nil
}

// Stir implements host.
func (h *jsHost) Stir() {
	if truthy(h.team) {
		_, _ = h.team.Call("stir") // threads that sleep come later
	}
}

// plainGo is what runs models without kernels.
func plainGo(asked int) machine {
	m := machine{engine: engine.Reference{}, name: message.EngineReference, threads: 1}
	if asked > 1 {
		m.reason = "this browser has no WebAssembly SIMD; models are computed by plain Go, which has one thread"
	}
	return m
}

// muster has threads made, and says why there are fewer than asked for.
func muster(ctx context.Context, k safejs.Value, asked int) (threads int, reason string, err error) {
	if asked <= 1 {
		return 1, "", nil
	}
	if shared, err := k.Get("shared"); err != nil || !truthy(shared) {
		return 1, "the page is not cross-origin isolated, so there is no memory that threads could share", nil
	}
	team, err := k.Get("team")
	if err != nil {
		return 1, "", err
	}
	promise, err := team.Call("muster", asked)
	if err != nil {
		return 1, "", err
	}
	size, err := bridge.Await(ctx, "threads", promise)
	if err != nil {
		return 1, "", err
	}
	if threads, err = size.Int(); err != nil || threads >= asked {
		return asked, "", err
	}
	return threads, bridge.Text(team, "reason"), nil
}

func truthy(v safejs.Value) bool {
	ok, err := v.Truthy()
	return err == nil && ok
}
