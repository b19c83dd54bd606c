package host

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// PushPath is where the event stream lies, below the site's base. Answers for
// models/index.json say so in the header [PushHeader], relative to models/; a host
// without a stream sends no such header, and no page asks for one.
const (
	PushPath   = "models/events"
	PushHeader = "Larder-Events"
	pushName   = "events"
)

// heartbeat is how often a silent connection is used, so that a dead one is noticed.
const heartbeat = 30 * time.Second

// Push tells open pages which models have changed, by server-sent events. The zero
// value is not ready: use NewPush. Safe for concurrent use.
type Push struct {
	mu      sync.Mutex
	streams map[chan []string]bool
	closed  chan struct{}
	once    sync.Once
}

// NewPush returns a Push that nobody listens to yet.
func NewPush() *Push {
	return &Push{streams: map[chan []string]bool{}, closed: make(chan struct{})}
}

// Send tells every open page that these models have changed. A page that is so slow
// that it has not taken the messages before is cut off; it comes back by itself.
func (p *Push) Send(models []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.streams {
		select {
		case s <- models:
		default:
			delete(p.streams, s)
			close(s)
		}
	}
}

// Listeners returns how many pages listen.
func (p *Push) Listeners() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.streams)
}

// Close ends all streams, so that a server can shut down.
func (p *Push) Close() { p.once.Do(func() { close(p.closed) }) }

// ServeHTTP is one page's stream.
func (p *Push) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // a stream has no end
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return
	}
	mine := make(chan []string, 16)
	p.mu.Lock()
	p.streams[mine] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.streams, mine)
	}()
	write := func(text string) bool {
		_, err := w.Write([]byte(text))
		return err == nil && control.Flush() == nil
	}
	if !write("retry: 1000\n\n") {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case models, ok := <-mine:
			data, err := json.Marshal(models)
			if !ok || err != nil || !write("event: changed\ndata: "+string(data)+"\n\n") {
				return
			}
		case <-beat.C:
			if !write(":\n\n") {
				return
			}
		case <-r.Context().Done():
			return
		case <-p.closed:
			return
		}
	}
}
