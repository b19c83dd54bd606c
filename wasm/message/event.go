package message

// Failed is the message of a worker that cannot work, or that died.
type Failed struct {
	Code    string
	Message string
}

// Encode returns the message tree.
func (f Failed) Encode() map[string]any {
	return map[string]any{"failed": map[string]any{"code": f.Code, "message": f.Message}}
}

// EventCache is the name of the event that says what happened in the cache, to a page that
// asked for that with [MethodCacheListen]. Its data is a [CacheEvent].
const EventCache = "cache"

// EventThreads is the name of the event that says that the threads are gone, after
// one of them died: data has threads and threadsReason, as in [Info], for every
// model. The worker's script sends it.
const EventThreads = "threads"

// EventPush is the name of the event that says that the host tells when models change:
// data has url, the absolute address of its event stream. A plain static host has none.
const EventPush = "push"

// Event tells the page something that it did not ask for.
type Event struct {
	Name string
	Data map[string]any
}

// Encode returns the message tree.
func (e Event) Encode() map[string]any { return map[string]any{"event": e.Name, "data": e.Data} }
