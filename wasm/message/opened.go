package message

// Where a worker keeps models.
const (
	StorageIndexedDB = "indexeddb" // they survive a reload
	StorageMemory    = "memory"    // they do not: IndexedDB is not available
)

// Opened is the result of [MethodOpen].
type Opened struct {
	Version       string // of Larder
	Storage       string // one of the Storage constants
	StorageReason string // why models are kept in memory only; empty otherwise
	Threads       int    // threads that run a model
	ThreadsReason string // why not more; empty when it is what was asked for
	Engine        string // one of the Engine constants
}

// What runs models.
const (
	EngineRelaxed   = "relaxed"   // kernels with relaxed SIMD
	EngineSIMD      = "simd"      // kernels with SIMD
	EngineReference = "reference" // plain Go: the browser has no SIMD
)

// Encode returns the result as a message tree.
func (o Opened) Encode() map[string]any {
	return map[string]any{"version": o.Version, "storage": o.Storage, "storageReason": orNull(o.StorageReason),
		"threads": o.Threads, "threadsReason": orNull(o.ThreadsReason), "engine": o.Engine}
}

// DecodeOpened reads the result of [MethodOpen].
func DecodeOpened(v any) (Opened, error) {
	var err error
	f := open("opened", v, &err)
	o := Opened{Version: f.text("version", maxName), Storage: f.text("storage", maxName),
		StorageReason: f.text("storageReason", maxText), Threads: int(f.integer("threads", 1, MaxThreads)),
		ThreadsReason: f.text("threadsReason", maxText), Engine: f.text("engine", maxName)}
	return o, err
}
