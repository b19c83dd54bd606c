package kernel

import "larder/model/kernel/wasm"

// A step in memory: its kernel's number and the chunks that it is cut into, its
// length in bytes, and the kernel's arguments.
const (
	stepKernel = 0
	stepBytes  = 4
	stepArgs   = 8

	// chunkShift is where the chunks begin in the first word.
	chunkShift = 16
	// MaxChunks bounds the chunks of a step.
	MaxChunks = 1<<(32-chunkShift) - 1
)

// AppendStep appends a step to a list of steps.
func AppendStep(steps []uint32, n Number, args Arguments) []uint32 {
	w := args.Words()
	return append(append(steps, uint32(n), uint32(stepArgs+4*len(w))), w...)
}

// Cut says into how many chunks threads cut a step: 0 is one for each thread, 1
// leaves the step to one of them.
func Cut(step []uint32, chunks int) {
	step[0] = step[0]&(1<<chunkShift-1) | uint32(min(chunks, MaxChunks))<<chunkShift
}

// The control block lies at address 0 of the memory. The host clears it before
// the first run and after one that was not done; no thread may be in run then. It
// writes Abort to stop the threads; then it should notify the address
// Generation, where they may sleep.
const (
	// ControlAbort is the address of a word that stops the run if it is not 0.
	ControlAbort = 0
	// ControlLeft counts the chunks of the current step that nobody has taken;
	// it may be less than 0.
	ControlLeft = 4
	// ControlGeneration is the address of the steps that were shared out so far.
	ControlGeneration = 8
	// ControlZero is the address of a word that is always 0.
	ControlZero = 12
	// ControlDone counts the chunks of the current step that are done.
	ControlDone = 16
	// ControlStep and ControlEnd are the addresses of the current step and of
	// the end of the steps.
	ControlStep = 20
	ControlEnd  = 24
	// ControlRunning is 1 until the last step is done.
	ControlRunning = 28
	// ControlAsleep counts the threads that sleep at Generation.
	ControlAsleep = 32
	// ControlLeave makes the other threads return where they have nothing to do.
	// The host sets it, and notifies the address Generation, and clears it.
	ControlLeave = 36
	// ControlThreads is the number of threads that thread 0 knows of.
	ControlThreads = 40
	// ControlBytes is the size of the block.
	ControlBytes = 64
)

// What run returns.
const (
	// Done: all steps are done. For a thread other than 0: there is nothing to do.
	Done = 0
	// Cancelled: the abort word was set.
	Cancelled = 1
	// TimedOut: another thread did not finish its chunk; the abort word has been
	// set.
	TimedOut = 2
)

const (
	// patience is the number of looks for work before a thread sleeps, some 40 µs:
	// it takes about as long to be woken. Who looks on keeps from its processor the
	// thread that it waits for, if both are on the same one because another program
	// has the others; so who has looked in vain looks a quarter as long the next time,
	// but at least leastPatience times.
	patience      = 20000
	leastPatience = 256
	// napTime is how long the other threads sleep in a run.
	napTime = 20e6 // nanoseconds
	// sleepSlice is how long thread 0 sleeps before it looks at the abort word.
	sleepSlice = 2e9 // nanoseconds
	// sleepSlices is the number of those after which it gives up. What it waits for
	// is a chunk, the work of milliseconds: a thread that a busy machine leaves
	// waiting for ten seconds is as good as dead.
	sleepSlices = 5
)

// emitRun adds the exported function run(steps, end, thread, threads). Alone, it
// walks the steps from address steps up to end:
//
//	while steps are left
//	  if aborted: return Cancelled
//	  call the kernel for the share of this thread
//	return Done
//
// Several threads of a shared memory work by chunks: whoever is free takes the
// next one, so that nobody waits for a thread that the system has no time for.
// The others may come and go at any time: for them steps, end and threads mean
// nothing (but that threads is more than 1), and they return when there has been
// nothing to do for a while after the last step, or for a long one before it.
func emitRun(b *builder) {
	m := b.m
	var work, advance *wasm.Func
	if m.Memory.Shared {
		advance = emitAdvance(m)
		work = emitWork(m, advance)
	}
	f := m.FuncInt("run", wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	step, end, thread, threads := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	if work != nil {
		control := wasm.Const(0)
		f.If(wasm.Const(1).Lt(threads.Value()), func() {
			f.SetGlobal(b.worker, thread.Value())
			f.If(thread.Value().Not(), func() {
				f.Store(control, ControlEnd, end.Value())
				f.Store(control, ControlThreads, threads.Value())
				f.AtomicStore(control, ControlRunning, wasm.Const(1))
				f.Call(advance, step.Value())
			})
			f.ReturnInt(wasm.CallInt(work, thread.Value()))
		})
	}
	f.SetGlobal(b.worker, thread.Value())
	f.While(step.Lt(end.Value()), func() {
		f.If(loadAbort(m), func() { f.ReturnInt(wasm.Const(Cancelled)) })
		callStep(f, step, thread.Value(), threads.Value())
		step.Set(step.Add(step.Load(stepBytes)))
	})
}

// callStep calls the kernel of a step for one of so many chunks.
func callStep(f *wasm.Func, step wasm.IntVar, chunk, chunks wasm.Int) {
	f.CallTable(step.Load(stepKernel).And(wasm.Const(1<<chunkShift-1)), step.Add(wasm.Const(stepArgs)), chunk, chunks)
}

func loadAbort(m *wasm.Module) wasm.Int {
	if m.Memory.Shared {
		return wasm.Const(0).AtomicLoad(ControlAbort)
	}
	return wasm.Const(0).Load(ControlAbort)
}

// stepChunks sets chunks to those of a step.
func stepChunks(f *wasm.Func, chunks, step wasm.IntVar) {
	chunks.Set(step.Load(stepKernel).Shr(chunkShift))
	f.If(chunks.Not(), func() { chunks.Set(wasm.Const(0).Load(ControlThreads)) })
}

// emitAdvance adds advance(step), which is called by the one thread that
// has done the last chunk of the step before:
//
//	while step is one chunk: do it
//	publish step, or the end of all
//	wake who sleeps
//
// Small steps in a row so cost nothing but themselves.
func emitAdvance(m *wasm.Module) *wasm.Func {
	f := m.Func("", wasm.I32)
	step, chunks := f.Param(0), f.Int()
	control := wasm.Const(0)
	more := step.Lt(control.Load(ControlEnd)).And(loadAbort(m).Not())
	stepChunks := func() {
		chunks.Set(wasm.Const(0))
		f.If(more, func() { stepChunks(f, chunks, step) })
	}
	stepChunks()
	f.While(chunks.Eq(wasm.Const(1)), func() {
		callStep(f, step, wasm.Const(0), wasm.Const(1))
		step.Set(step.Add(step.Load(stepBytes)))
		stepChunks()
	})
	f.Store(control, ControlStep, step.Value())
	f.If(chunks.Not(), func() { f.AtomicStore(control, ControlRunning, wasm.Const(0)) })
	f.AtomicStore(control, ControlLeft, chunks.Value())
	f.AtomicStore(control, ControlGeneration, control.AtomicLoad(ControlGeneration).Add(wasm.Const(1)))
	f.If(control.AtomicLoad(ControlAsleep), func() { f.Notify(control, ControlGeneration) })
	return f
}

// emitWork adds work(thread), which takes chunks until there are no more:
//
//	until all steps are done
//	  if there is a chunk: take it, do it; after the last one: advance
//	  else look for a while, then thread 0 sleeps in slices and the others return
//
// A chunk is taken by counting down. Who has got one knows that the step does not
// change before it is done, because it is not complete without this chunk.
func emitWork(m *wasm.Module, advance *wasm.Func) *wasm.Func {
	f := m.FuncInt("", wasm.I32)
	thread := f.Param(0)
	chunk, chunks, step, spins, looks, slices, generation, going := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	control := wasm.Const(0)
	going.Set(wasm.Const(1))
	looks.Set(wasm.Const(patience))
	f.While(going.Value(), func() {
		f.If(loadAbort(m), func() { f.ReturnInt(wasm.Const(Cancelled)) })
		generation.Set(control.AtomicLoad(ControlGeneration))
		chunk.Set(wasm.Const(0))
		f.If(wasm.Const(0).LtS(control.AtomicLoad(ControlLeft)), func() {
			chunk.Set(control.AtomicAdd(ControlLeft, wasm.Const(-1)))
		})
		f.IfElse(wasm.Const(0).LtS(chunk.Value()), func() {
			step.Set(control.Load(ControlStep))
			stepChunks(f, chunks, step)
			callStep(f, step, chunk.Sub(wasm.Const(1)), chunks.Value())
			f.If(control.AtomicAdd(ControlDone, wasm.Const(1)).Add(wasm.Const(1)).Eq(chunks.Value()), func() {
				f.AtomicStore(control, ControlDone, wasm.Const(0))
				f.Call(advance, step.Add(step.Load(stepBytes)))
			})
			f.If(spins.Value(), func() { looks.Set(wasm.Const(patience)) })
			spins.Set(wasm.Const(0))
			slices.Set(wasm.Const(0))
		}, func() {
			spins.Inc(1)
			going.Set(control.AtomicLoad(ControlRunning))
			patient := spins.Lt(looks.Value())
			f.If(thread.Value(), func() {
				f.If(control.AtomicLoad(ControlLeave).Or(slices.Value()), func() { f.ReturnInt(wasm.Const(Done)) })
				going.Set(going.Or(patient))
			})
			f.If(going.And(patient.Not()), func() {
				sleep(f, thread, generation, slices)
				spins.Set(wasm.Const(0))
				looks.Set(looks.Shr(2).MaxS(wasm.Const(leastPatience)))
			})
		})
	})
	f.If(loadAbort(m), func() { f.ReturnInt(wasm.Const(Cancelled)) })
	return f
}

// sleep lets a thread wait for the next generation. Thread 0 counts the slices that
// were in vain; the others leave after one.
func sleep(f *wasm.Func, thread, generation, slices wasm.IntVar) {
	control := wasm.Const(0)
	f.If(slices.Eq(wasm.Const(sleepSlices)), func() {
		f.AtomicStore(control, ControlAbort, wasm.Const(1))
		f.ReturnInt(wasm.Const(TimedOut))
	})
	f.AtomicCount(control, ControlAsleep, wasm.Const(1))
	f.IfElse(thread.Value(),
		func() { f.Wait(control, ControlGeneration, generation.Value(), napTime) },
		func() { f.Wait(control, ControlGeneration, generation.Value(), sleepSlice) })
	f.AtomicCount(control, ControlAsleep, wasm.Const(-1))
	f.IfElse(control.AtomicLoad(ControlGeneration).Eq(generation.Value()),
		func() { slices.Inc(1) },
		func() { slices.Set(wasm.Const(0)) })
}
