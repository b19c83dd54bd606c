package message

// MaxThreads is the largest number of threads that can be asked for.
const MaxThreads = 8

// Open holds the parameters of [MethodOpen].
type Open struct {
	Models  string // absolute address of the folder that holds index.json, with a slash at its end
	Threads int    // threads wished for, 1 to MaxThreads
	Bell    any    // a shared Int32Array that changes with each cancellation; nil without shared memory
}

// Encode returns the parameters as a message tree.
func (p Open) Encode() map[string]any {
	return map[string]any{"models": p.Models, "threads": p.Threads, "bell": p.Bell}
}

// DecodeOpen reads the parameters of [MethodOpen].
func DecodeOpen(v any) (Open, error) {
	var err error
	f := open("open", v, &err)
	return Open{Models: f.must("models", maxURL), Threads: int(f.integer("threads", 1, MaxThreads)), Bell: f.m["bell"]}, err
}

// Load holds the parameters of [MethodLoad].
type Load struct {
	Model   string
	Version string // exact, an alias, or a range such as "^2"; empty for the latest
	// AllowStale takes a version that is older than its publisher allows.
	AllowStale bool
}

// Encode returns the parameters as a message tree.
func (p Load) Encode() map[string]any {
	return map[string]any{"model": p.Model, "version": p.Version, "allowStale": p.AllowStale}
}

// DecodeLoad reads the parameters of [MethodLoad].
func DecodeLoad(v any) (Load, error) {
	var err error
	f := open("load", v, &err)
	return Load{Model: f.must("model", maxName), Version: f.text("version", maxName), AllowStale: f.flag("allowStale")}, err
}

// Input holds the parameters of [MethodPredict] and [MethodPreprocess].
type Input struct {
	Handle int
	Input  any // a picture, a text or fields: not looked at here
	// Known, in place of Input, is what the reply to the same input called it. The result of
	// predict is then null if its answer is not remembered any more.
	Known string
	// Profile asks predict to say where the time went. It then computes, as with Fresh.
	Profile bool
	// Fresh asks predict to compute, and neither to look for an answer that it gave to the
	// same question before nor to remember this one.
	Fresh bool
}

// Encode returns the parameters as a message tree.
func (p Input) Encode() map[string]any {
	return map[string]any{"handle": p.Handle, "input": p.Input, "known": orNull(p.Known), "profile": p.Profile, "fresh": p.Fresh}
}

// DecodeInput reads the parameters of [MethodPredict] and [MethodPreprocess].
func DecodeInput(v any) (Input, error) {
	var err error
	f := open("predict", v, &err)
	p := Input{Handle: f.handle(), Input: f.m["input"], Known: f.text("known", maxName), Profile: f.flag("profile"), Fresh: f.flag("fresh")}
	if p.Input == nil && p.Known == "" {
		f.fail("input", "is missing")
	}
	return p, err
}

// Run holds the parameters of [MethodRun].
type Run struct {
	Handle  int
	Inputs  map[string]Tensor
	Profile bool // say where the time went
}

// Encode returns the parameters as a message tree.
func (p Run) Encode() map[string]any {
	return map[string]any{"handle": p.Handle, "inputs": EncodeTensors(p.Inputs), "profile": p.Profile}
}

// DecodeRun reads the parameters of [MethodRun].
func DecodeRun(v any) (Run, error) {
	var err error
	f := open("run", v, &err)
	p := Run{Handle: f.handle(), Profile: f.flag("profile")}
	if err != nil {
		return p, err
	}
	p.Inputs, err = DecodeTensors(f.m["inputs"])
	return p, err
}

// FromONNX holds the parameters of [MethodFromONNX].
type FromONNX struct {
	Bytes   any // an ArrayBuffer, a view of one, or a Blob
	Threads int // 0 for the number given to open
}

// Encode returns the parameters as a message tree.
func (p FromONNX) Encode() map[string]any {
	return map[string]any{"bytes": p.Bytes, "threads": p.Threads}
}

// DecodeFromONNX reads the parameters of [MethodFromONNX].
func DecodeFromONNX(v any) (FromONNX, error) {
	var err error
	f := open("fromONNX", v, &err)
	p := FromONNX{Bytes: f.m["bytes"], Threads: int(f.integer("threads", 0, MaxThreads))}
	if p.Bytes == nil {
		f.fail("bytes", "is missing")
	}
	return p, err
}

// Handle holds the parameters of [MethodDispose].
type Handle struct {
	Handle int
}

// Encode returns the parameters as a message tree.
func (p Handle) Encode() map[string]any { return map[string]any{"handle": p.Handle} }

// DecodeHandle reads the parameters of [MethodDispose].
func DecodeHandle(v any) (Handle, error) {
	var err error
	f := open("dispose", v, &err)
	return Handle{Handle: f.handle()}, err
}

// Model holds the parameters of the methods that are about a model as a whole, such as
// [MethodCacheRefresh], [MethodCacheRenew] and [MethodCacheEvict].
type Model struct {
	Model string
}

// Encode returns the parameters as a message tree.
func (p Model) Encode() map[string]any { return map[string]any{"model": p.Model} }

// DecodeModel reads the parameters of a method that is about a model as a whole.
func DecodeModel(v any) (Model, error) {
	var err error
	f := open("cache", v, &err)
	return Model{Model: f.must("model", maxName)}, err
}

// Shrink holds the parameters of [MethodCacheShrink].
type Shrink struct {
	Part float64 // of what nobody uses, 0 to 1
}

// Encode returns the parameters as a message tree.
func (p Shrink) Encode() map[string]any { return map[string]any{"part": p.Part} }

// DecodeShrink reads the parameters of [MethodCacheShrink].
func DecodeShrink(v any) (Shrink, error) {
	var err error
	f := open("shrink", v, &err)
	p := Shrink{Part: f.number("part")}
	if !(p.Part >= 0 && p.Part <= 1) {
		f.fail("part", "is %v, not from 0 to 1", p.Part)
	}
	return p, err
}

func (f fields) handle() int { return int(f.integer("handle", 1, maxSafeInt)) }
