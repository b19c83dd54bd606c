package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"larder/cache"
	"larder/wasm/message"
)

// server answers requests. Its zero value is not ready: use newServer.
type server struct {
	host host
	now  func() time.Time

	shelf   *shelf
	memo    *cache.Memo
	handles handles
	turn    gate // held by whoever computes

	mu      sync.Mutex
	running map[int]context.CancelFunc // by the id of the request
	spare   int                        // goroutines that wait for a request
	larder  *larder                    // nil before open
	repeats repeats

	absorbing sync.Mutex // held until all is counted that the host told

	next chan call // to a goroutine that has answered a request: its stack has grown
}

// maxSpare is how many goroutines wait for requests.
const maxSpare = 4

func newServer(h host, now func() time.Time) *server {
	return &server{host: h, now: now, shelf: newShelf(), memo: cache.NewMemo(cache.MemoOptions{Clock: memoClock{cache.SystemClock(), now}}), turn: newGate(), next: make(chan call), running: map[int]context.CancelFunc{}}
}

// call is one request in work.
type call struct {
	id      int
	method  string
	params  map[string]any
	arrived time.Time
	ctx     context.Context
	text    string // the message, if it is text alone
	round   int    // see repeats
}

// result is what a method returns: a message tree, and typed arrays in it that
// are given away to the page.
type result struct {
	tree any
	give []any
	free any // an input that nobody uses any more

	lasting *lasting // how long this stays right; nil for not at all
}

// Receive takes a message of the page and starts what it asks for. It does not
// wait, so that messages are taken in their order. text is the message if that is text alone,
// or empty.
func (s *server) Receive(tree any, text string) {
	req, err := message.DecodeRequest(tree)
	if err != nil {
		if req.ID > 0 {
			s.reply(req.ID, result{}, err)
		}
		return // nobody waits for an answer without a number
	}
	if req.Method == message.MethodCancel {
		s.cancel(req.ID)
		return
	}
	ctx, ok := s.start(req.ID)
	if !ok {
		s.reply(req.ID, result{}, fault(message.CodeInvalidInput, "request %d is in work already", req.ID))
		return
	}
	c := call{id: req.ID, method: req.Method, params: req.Params, arrived: s.now(), ctx: ctx, text: text, round: s.round()}
	select {
	case s.next <- c:
	default:
		go s.work(c)
	}
}

// work serves a request, and the next ones if there are not enough who wait for them.
func (s *server) work(c call) {
	for {
		s.serve(c)
		s.mu.Lock()
		enough := s.spare == maxSpare
		if !enough {
			s.spare++
		}
		s.mu.Unlock()
		if enough {
			return
		}
		c = <-s.next
		s.mu.Lock()
		s.spare--
		s.mu.Unlock()
	}
}

// start registers a request, so that it can be cancelled, unless its number is
// taken.
func (s *server) start(id int) (context.Context, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[id] != nil {
		return nil, false
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.running[id] = cancel
	return ctx, true
}

// finish forgets a request.
func (s *server) finish(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[id]()
	delete(s.running, id)
}

// serve runs one request to its reply.
func (s *server) serve(c call) {
	s.absorb()
	res, err := s.answer(c.ctx, c.method, c)
	s.finish(c.id)
	if err == nil && res.lasting != nil {
		s.repeat(c, res.tree.(map[string]any), res.lasting)
	}
	s.reply(c.id, res, err)
	if res.free != nil {
		s.host.Free(res.free)
	}
}

// answer calls the method. A panic in it is a defect of Larder and becomes an
// error, with the place for the report.
func (s *server) answer(ctx context.Context, method string, c call) (res result, err error) {
	defer func() {
		if p := recover(); p != nil {
			e := fault(message.CodeInternal, "%s broke: %v", method, p)
			e.Detail = map[string]any{"stack": head(string(debug.Stack()), 30)}
			res, err = result{}, e
		}
	}()
	f, ok := methods[method]
	if !ok {
		return result{}, fault(message.CodeInvalidInput, "there is no method %q", method)
	}
	return f(s, ctx, c)
}

func (s *server) cancel(id int) {
	s.mu.Lock()
	cancel := s.running[id]
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

func (s *server) reply(id int, res result, err error) {
	if err != nil {
		s.host.Post(message.Reply{ID: id, Err: toMessage(err)}.Encode(), nil)
		return
	}
	s.host.Post(message.Reply{ID: id, Result: res.tree}.Encode(), res.give)
}

// head returns the first n lines of text.
func head(text string, n int) string {
	lines := strings.SplitN(text, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

// fault makes an error of this program. Its text is for the page's developer.
func fault(code, format string, args ...any) *message.Error {
	return &message.Error{Code: code, Message: "worker: " + fmt.Sprintf(format, args...)}
}

// gate lets one goroutine at a time through, and those who wait for it can give up.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

// Enter waits for the gate. The caller calls leave once.
func (g gate) Enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
