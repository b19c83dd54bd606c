package kernel

import "larder/model/kernel/wasm"

// A step in memory: its kernel's number, its length in bytes, and the kernel's
// arguments.
const (
	stepKernel = 0
	stepBytes  = 4
	stepArgs   = 8
)

// AppendStep appends a step to a list of steps.
func AppendStep(steps []uint32, n Number, args Arguments) []uint32 {
	w := args.Words()
	return append(append(steps, uint32(n), uint32(stepArgs+4*len(w))), w...)
}

// The control block lies at address 0 of the memory. The host clears it before
// the threads start a run and writes Abort to stop them; then it should notify
// the address Generation, so that threads that wait wake up.
const (
	// ControlAbort is the address of a word that stops the run if it is not 0.
	ControlAbort = 0
	// ControlArrived counts the threads at the barrier.
	ControlArrived = 4
	// ControlGeneration is the address of the barriers passed so far.
	ControlGeneration = 8
	// ControlZero is the address of a word that is always 0.
	ControlZero = 12
	// ControlBytes is the size of the block.
	ControlBytes = 64
)

// What run returns.
const (
	// Done: all steps are done, and by all threads.
	Done = 0
	// Cancelled: the abort word was set.
	Cancelled = 1
	// TimedOut: another thread did not come to the barrier; the abort word has
	// been set.
	TimedOut = 2
)

const (
	// barrierSpins is the number of looks at the generation before a thread
	// goes to sleep: about as long as sleeping and waking would take.
	barrierSpins = 20000
	// barrierSlice is how long a thread sleeps before it looks at the abort word.
	barrierSlice = 2e9 // nanoseconds
	// barrierSlices is the number of those after which it gives up.
	barrierSlices = 15
)

// emitRun adds the exported function run(steps, end, thread, threads): it walks
// the steps from address steps up to end.
//
//	while steps are left
//	  if aborted: return Cancelled
//	  call the kernel
//	  if threads > 1: wait for the others
//	return Done
func emitRun(m *wasm.Module) {
	var barrier *wasm.Func
	if m.Memory.Shared {
		barrier = emitBarrier(m)
	}
	f := m.FuncInt("run", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	step, end, thread, threads := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	status := f.Int()
	f.While(step.Lt(end.Value()), func() {
		f.If(loadAbort(m), func() { f.ReturnInt(wasm.Const(Cancelled)) })
		f.CallTable(step.Load(stepKernel), step.Add(wasm.Const(stepArgs)), thread.Value(), threads.Value())
		if barrier != nil {
			f.If(wasm.Const(1).Lt(threads.Value()), func() {
				status.Set(wasm.CallInt(barrier, threads.Value()))
				f.If(status.Value(), func() { f.ReturnInt(status.Value()) })
			})
		}
		step.Set(step.Add(step.Load(stepBytes)))
	})
}

func loadAbort(m *wasm.Module) wasm.Int {
	if m.Memory.Shared {
		return wasm.Const(0).AtomicLoad(ControlAbort)
	}
	return wasm.Const(0).Load(ControlAbort)
}

// emitBarrier adds barrier(threads), which returns Done when all threads have
// called it.
//
//	if this is the last thread
//	  arrived = 0, generation++, wake the others
//	else
//	  until the generation changes: look for a while, then sleep in slices
func emitBarrier(m *wasm.Module) *wasm.Func {
	f := m.FuncInt("", wasm.I32)
	threads := f.Param(0)
	generation, turn := f.Int(), f.Int()
	control := wasm.Const(0)
	same := control.AtomicLoad(ControlGeneration).Eq(generation.Value())

	generation.Set(control.AtomicLoad(ControlGeneration))
	f.If(control.AtomicAdd(ControlArrived, wasm.Const(1)).Add(wasm.Const(1)).Eq(threads.Value()), func() {
		f.AtomicStore(control, ControlArrived, wasm.Const(0))
		f.AtomicStore(control, ControlGeneration, generation.Add(wasm.Const(1)))
		f.Notify(control, ControlGeneration)
		f.ReturnInt(wasm.Const(Done))
	})
	f.While(turn.Lt(wasm.Const(barrierSpins)).And(same), func() { turn.Inc(1) })
	turn.Set(wasm.Const(0))
	f.While(same, func() {
		f.If(loadAbort(m), func() { f.ReturnInt(wasm.Const(Cancelled)) })
		f.If(turn.Eq(wasm.Const(barrierSlices)), func() {
			f.AtomicStore(control, ControlAbort, wasm.Const(1))
			f.Notify(control, ControlGeneration)
			f.ReturnInt(wasm.Const(TimedOut))
		})
		f.Wait(control, ControlGeneration, generation.Value(), barrierSlice)
		turn.Inc(1)
	})
	return f
}
