package engine

import (
	"context"
	"fmt"
	"runtime"
	"syscall/js"
	"unsafe"
)

// JSHost runs kernels in the JavaScript host: a browser's worker, workerd or Node.
//
// Everything that reaches a memory is behind js.Values, which JavaScript may only
// forget after Go has collected them; Close sees to that.
type JSHost struct {
	kernels js.Value
	threads int
}

// NewJSHost returns a host for an object with
//
//	module   the compiled kernels
//	shared   whether they are the twin for shared memory
//	team     if threads are more than 1: join(module, memory, run, threads) returns
//	         {run(from, end), leave()}
//	collect  optional: called with a memory that was let go of, so that it is freed now
//
// and that many threads.
func NewJSHost(kernels js.Value, threads int) *JSHost { return &JSHost{kernels, max(threads, 1)} }

// Threads implements [Host].
func (h *JSHost) Threads() int { return h.threads }

const (
	jsPage = 1 << 16
	// jsMaxPages is what the kernels declare: 4 GiB.
	jsMaxPages = 1 << 16
)

// Open implements [Host].
func (h *JSHost) Open(bytes int) (_ Memory, err error) {
	m := &jsMemory{host: h}
	defer caught("open", &err)
	pages := (bytes + jsPage - 1) / jsPage
	if pages > jsMaxPages {
		return nil, &HostError{"open", fmt.Sprintf("%d bytes are beyond a 32-bit memory", bytes)}
	}
	if m.memory, err = h.newMemory(pages); err != nil {
		return nil, err
	}
	module := h.kernels.Get("module")
	imports := js.ValueOf(map[string]any{"env": map[string]any{"memory": m.memory}})
	m.run = wasmClass("Instance").New(module, imports).Get("exports").Get("run")
	if h.threads > 1 {
		m.member = h.kernels.Get("team").Call("join", module, m.memory, m.run, h.threads)
		m.run = m.member.Get("run")
	}
	m.look()
	return m, nil
}

func wasmClass(name string) js.Value { return js.Global().Get("WebAssembly").Get(name) }

// newMemory makes a memory of so many pages. A shared memory needs a maximum, for
// which the host may set addresses aside: one that has few is asked for less.
func (h *JSHost) newMemory(pages int) (_ js.Value, err error) {
	shared := h.kernels.Get("shared").Truthy()
	for _, most := range []int{jsMaxPages, min(4*pages, jsMaxPages), pages} {
		v, e := tryNew(wasmClass("Memory"), map[string]any{"initial": pages, "maximum": most, "shared": shared})
		if err = e; err == nil {
			return v, nil
		}
	}
	return js.Undefined(), &HostError{"open", fmt.Sprintf("no memory of %d bytes: %v", pages*jsPage, err)}
}

func tryNew(class js.Value, arg any) (v js.Value, err error) {
	defer caught("open", &err)
	return class.New(arg), nil
}

// jsMemory implements [Memory].
type jsMemory struct {
	host   *JSHost
	memory js.Value // WebAssembly.Memory
	run    js.Value // function(from, end, thread, threads)
	member js.Value // of the team; undefined without
	bytes  js.Value // Uint8Array of all of memory
	size   int
}

// look makes the view of the memory, which does not grow with it.
func (m *jsMemory) look() {
	m.bytes = js.Global().Get("Uint8Array").New(m.memory.Get("buffer"))
	m.size = m.bytes.Get("length").Int()
}

// Grow implements [Memory].
func (m *jsMemory) Grow(bytes int) (err error) {
	if bytes <= m.size {
		return nil
	}
	defer caught("grow", &err)
	m.memory.Call("grow", (bytes-m.size+jsPage-1)/jsPage)
	m.look()
	return nil
}

// Write implements [Memory].
func (m *jsMemory) Write(at int, from []float32) error { return m.write(at, rawBytes(from)) }

// WriteWords implements [Memory].
func (m *jsMemory) WriteWords(at int, from []uint32) error { return m.write(at, rawBytes(from)) }

func (m *jsMemory) write(at int, from []byte) (err error) {
	if at < 0 || at > m.size-len(from) {
		return m.beyond("write", at, len(from))
	}
	defer caught("write", &err)
	js.CopyBytesToJS(m.bytes.Call("subarray", at, at+len(from)), from)
	return nil
}

// Read implements [Memory].
func (m *jsMemory) Read(at int, to []float32) (err error) {
	raw := rawBytes(to)
	if at < 0 || at > m.size-len(raw) {
		return m.beyond("read", at, len(raw))
	}
	defer caught("read", &err)
	js.CopyBytesToGo(raw, m.bytes.Call("subarray", at, at+len(raw)))
	return nil
}

func (m *jsMemory) beyond(op string, at, n int) error {
	return &HostError{op, fmt.Sprintf("address %d, %d bytes, the memory has %d", at, n, m.size)}
}

// rawBytes returns the memory of a slice; WebAssembly is little-endian.
func rawBytes[T float32 | uint32](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
}

// What run returns; see model/kernel, and BROKEN in web/static/parts/slots.js.
const (
	jsDone     = 0
	jsTimedOut = 2
	jsBroken   = 3
)

// Run implements [Memory]. Nothing interrupts it: the host's thread is in the
// kernels.
func (m *jsMemory) Run(ctx context.Context, from, to int) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer caught("run", &err)
	switch status := m.run.Invoke(from, to, 0, 1).Int(); status {
	case jsDone:
		return nil
	case jsTimedOut:
		return &HostError{"run", "a thread did not do its share in time"}
	case jsBroken:
		return &HostError{"run", "a thread broke; the next run does without threads"}
	default:
		return &HostError{"run", fmt.Sprintf("the kernels stopped with status %d", status)}
	}
}

// Close implements [Memory].
func (m *jsMemory) Close() {
	var err error
	defer caught("close", &err)
	if m.member.Truthy() {
		m.member.Call("leave")
	}
	if collect := m.host.kernels.Get("collect"); collect.Truthy() {
		collect.Invoke(m.memory)
	}
	*m = jsMemory{host: m.host}
	go runtime.GC() // JavaScript keeps what Go's values refer to until they are finalized
}

// caught turns an exception of the host into an error; a panic that is none goes on.
func caught(op string, err *error) {
	p := recover()
	if p == nil {
		return
	}
	e, ok := p.(js.Error)
	if !ok {
		panic(p)
	}
	*err = &HostError{op, e.Error()}
}
