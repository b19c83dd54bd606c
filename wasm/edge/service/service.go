package service

import (
	"errors"
	"net/url"
	"time"

	"larder/model/engine"
	"larder/model/pre/token"
)

// Request is one HTTP request, its body read.
type Request struct {
	// Method is in upper case.
	Method string
	// Path is the path of the URL, still percent-encoded.
	Path string
	// Include lists tensors that a classify reply should carry as well,
	// separated by commas: "input", "logits".
	Include string
	// Binary says that the request announces the binary tensor extension.
	Binary bool
	// JSON says that the body's content type is JSON.
	JSON bool
	// Now is the time of the request.
	Now time.Time
	// Body is the whole body; it is not kept.
	Body []byte
}

// Reply is the answer to a Request: a status with a JSON body, or needs.
type Reply struct {
	// Status is the HTTP status, 0 if Need is not empty.
	Status int
	// Body is JSON.
	Body []byte
	// Allow lists the allowed methods, for status 405.
	Allow string
	// Need lists objects to Provide before Handle is called again.
	Need []Need
}

// Need names an object of the registry.
type Need struct {
	// Key is the object's path, such as "models/index.json".
	Key string
	// ETag is that of the copy at hand, "" if there is none.
	ETag string
}

// Object is what the host found for a Need.
type Object struct {
	// Key is the Need's.
	Key string
	// State says whether Bytes is set.
	State State
	// ETag identifies this version of the object.
	ETag string
	// Bytes is the object; the service keeps it.
	Bytes []byte
	// SHA256 is the lower-case hexadecimal digest of Bytes, computed by the host,
	// whose hash is ten times as fast as Go's in WebAssembly.
	SHA256 string
}

// State says what the host found.
type State string

// The states of an Object.
const (
	Found     State = "found"
	Unchanged State = "unchanged"
	Missing   State = "missing"
)

// Options are the limits of a Service.
type Options struct {
	// IndexTTL is how long the index is used without asking for it again;
	// 0 means 60 seconds, AskAlways means that every request asks.
	IndexTTL time.Duration
	// WeightBytes bounds the files of the models kept ready; the least recently
	// used go first. 0 means 48 MiB: an isolate has 128 MiB, and a model needs
	// about twice its file.
	WeightBytes int64
	// Engine runs the models; nil means plain Go.
	Engine engine.Engine
	// MaxPixels bounds the pictures of classify; 0 means 6 Mi. Decoding takes 6
	// bytes a pixel, 16 for a progressive JPEG: at most 96 MiB of an isolate's 128.
	MaxPixels int
	// Form brings Unicode's normal forms, which many models of text need.
	Form token.Form
}

// AskAlways is the IndexTTL that makes every request ask for the index.
const AskAlways time.Duration = -1

// Service holds the models of one isolate. It is not safe for concurrent use:
// JavaScript calls it from one thread.
type Service struct {
	opt    Options
	shelf  *shelf
	routes []route
}

// New returns a service that holds nothing yet.
func New(opt Options) *Service {
	if opt.IndexTTL == 0 {
		opt.IndexTTL = time.Minute
	}
	if opt.WeightBytes == 0 {
		opt.WeightBytes = 48 << 20
	}
	if opt.MaxPixels == 0 {
		opt.MaxPixels = 6 << 20
	}
	return &Service{opt: opt, shelf: newShelf(opt), routes: routes()}
}

// Provide takes an object that an earlier Reply needed.
func (s *Service) Provide(o Object) { s.shelf.put(o) }

// Handle answers r or says what it needs for that.
func (s *Service) Handle(r Request) Reply {
	h, params, err := s.find(r)
	if err != nil {
		return failure(err)
	}
	body, err := h(s, r, params)
	if err != nil {
		return failure(err)
	}
	return Reply{Status: 200, Body: body}
}

// params are the variable parts of a path.
type params struct{ model, version string }

// handler answers a request with a JSON body.
type handler func(s *Service, r Request, p params) ([]byte, error)

// find returns the handler for a request.
func (s *Service) find(r Request) (handler, params, error) {
	parts, err := split(r.Path)
	if err != nil {
		return nil, params{}, err
	}
	for _, rt := range s.routes {
		p, ok := rt.match(parts)
		if !ok {
			continue
		}
		if r.Method != rt.method {
			return nil, p, &httpError{status: 405, allow: rt.method, text: "method " + r.Method + " is not allowed here, use " + rt.method}
		}
		return rt.handle, p, nil
	}
	return nil, params{}, httpErrorf(404, "no such path: %q", r.Path)
}

func failure(err error) Reply {
	var need needError
	if errors.As(err, &need) {
		return Reply{Need: need}
	}
	he := toHTTP(err)
	return Reply{Status: he.status, Allow: he.allow, Body: errorBody(he.text)}
}

func unescape(part string) (string, error) {
	s, err := url.PathUnescape(part)
	if err != nil {
		return "", httpErrorf(400, "path is not properly percent-encoded: %q", part)
	}
	return s, nil
}
