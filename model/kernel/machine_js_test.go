package kernel_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"syscall/js"

	"larder/model/kernel"
)

// openMachine instantiates the twin with relaxed SIMD in the browser that the
// tests run in; one that does not have it fails them.
func openMachine() (_ memory, _ function, err error) {
	defer thrown(&err)
	code := kernel.Module(kernel.Options{Relaxed: true})
	bytes := js.Global().Get("Uint8Array").New(len(code))
	js.CopyBytesToJS(bytes, code)
	assembly := js.Global().Get("WebAssembly")
	mem := assembly.Get("Memory").New(map[string]any{"initial": memoryPages})
	module := assembly.Get("Module").New(bytes)
	instance := assembly.Get("Instance").New(module, map[string]any{"env": map[string]any{"memory": mem}})
	view := js.Global().Get("Uint8Array").New(mem.Get("buffer"))
	return jsMemory{view}, jsFunction{instance.Get("exports").Get("run")}, nil
}

// jsMemory is a Uint8Array of all of a memory.
type jsMemory struct{ view js.Value }

func (m jsMemory) part(at, n uint32) (js.Value, bool) {
	if uint64(at)+uint64(n) > memoryPages<<16 {
		return js.Value{}, false
	}
	return m.view.Call("subarray", at, at+n), true
}

func (m jsMemory) Write(at uint32, b []byte) bool {
	v, ok := m.part(at, uint32(len(b)))
	return ok && js.CopyBytesToJS(v, b) == len(b)
}

func (m jsMemory) Read(at, n uint32) ([]byte, bool) {
	v, ok := m.part(at, n)
	if !ok {
		return nil, false
	}
	b := make([]byte, n)
	return b, js.CopyBytesToGo(b, v) == len(b)
}

func (m jsMemory) ReadUint16Le(at uint32) (uint16, bool) {
	b, ok := m.Read(at, 2)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint16(b), true
}

func (m jsMemory) WriteUint16Le(at uint32, v uint16) bool {
	return m.Write(at, binary.LittleEndian.AppendUint16(nil, v))
}

func (m jsMemory) WriteUint32Le(at, v uint32) bool {
	return m.Write(at, binary.LittleEndian.AppendUint32(nil, v))
}

func (m jsMemory) WriteFloat32Le(at uint32, v float32) bool {
	return m.WriteUint32Le(at, math.Float32bits(v))
}

// jsFunction is an exported function of integers.
type jsFunction struct{ f js.Value }

func (f jsFunction) Call(_ context.Context, params ...uint64) (_ []uint64, err error) {
	defer thrown(&err)
	args := make([]any, len(params))
	for i, p := range params {
		args[i] = p
	}
	return []uint64{uint64(f.f.Invoke(args...).Int())}, nil
}

// thrown makes an error of what JavaScript throws.
func thrown(err *error) {
	if p := recover(); p != nil {
		e, ok := p.(js.Error)
		if !ok {
			panic(p)
		}
		*err = fmt.Errorf("the browser says: %w", e)
	}
}
