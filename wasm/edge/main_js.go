package main

import (
	"syscall/js"
	"time"

	"larder/model/engine"
	"larder/wasm/edge/service"
)

func main() {
	calls := js.Global().Get("larderEdge")
	s := service.New(service.Options{
		IndexTTL: indexTTL(calls.Get("indexTTLSeconds").Float()),
		Engine:   planned(calls.Get("kernels")),
		Form:     normalize,
	})
	calls.Set("handle", js.FuncOf(func(_ js.Value, args []js.Value) any { return handle(s, args[0], args[1]) }))
	calls.Set("provide", js.FuncOf(func(_ js.Value, args []js.Value) any {
		s.Provide(object(args[0]))
		return nil
	}))
	select {}
}

// planned runs models by the kernels {module, shared} of the host. It has one
// thread: workerd has no workers that could share a memory.
func planned(kernels js.Value) engine.Engine {
	return engine.Planned{Host: engine.NewJSHost(kernels, 1)}
}

// normalize implements token.Form with String.prototype.normalize.
func normalize(form, text string) string {
	return js.Global().Get("String").Get("prototype").Get("normalize").Call("call", text, form).String()
}

// indexTTL turns the setting into an option: 0 asks the registry every time, and
// what is not a number of seconds leaves the default.
func indexTTL(seconds float64) time.Duration {
	switch {
	case seconds == 0:
		return service.AskAlways
	case seconds > 0 && seconds <= 86400:
		return time.Duration(seconds * float64(time.Second))
	}
	return 0
}

// handle answers one request. A panic is a bug of ours; it becomes status 500
// instead of the end of the program and of every request under way.
func handle(s *service.Service, head, body js.Value) (reply any) {
	defer func() {
		if p := recover(); p != nil {
			println("edge: panic while handling a request")
			reply = map[string]any{"status": 500, "body": bytesToJS([]byte(`{"error":"internal error"}`))}
		}
	}()
	r := s.Handle(service.Request{
		Method:  head.Get("method").String(),
		Path:    head.Get("path").String(),
		Include: head.Get("include").String(),
		Binary:  head.Get("binary").Bool(),
		JSON:    head.Get("json").Bool(),
		Now:     time.UnixMilli(int64(head.Get("now").Float())),
		Body:    bytesToGo(body),
	})
	if len(r.Need) == 0 {
		return map[string]any{"status": r.Status, "allow": r.Allow, "body": bytesToJS(r.Body)}
	}
	need := make([]any, len(r.Need))
	for i, n := range r.Need {
		need[i] = map[string]any{"key": n.Key, "etag": n.ETag}
	}
	return map[string]any{"need": need}
}

func object(v js.Value) service.Object {
	o := service.Object{Key: v.Get("key").String(), State: service.State(v.Get("state").String())}
	if o.State == service.Found {
		o.ETag = v.Get("etag").String()
		o.Bytes = bytesToGo(v.Get("bytes"))
		o.SHA256 = v.Get("sha256").String()
	}
	return o
}

func bytesToGo(v js.Value) []byte {
	b := make([]byte, v.Get("length").Int())
	js.CopyBytesToGo(b, v)
	return b
}

func bytesToJS(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}
