package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Options says what to measure.
type Options struct {
	// Site is the folder of the built site, whose engine is measured.
	Site string
	// Registry serves a model registry; nil if there is only ONNX.
	Registry http.Handler
	// Name and Version choose a model of the registry.
	Name, Version string
	// ONNX is a model's file, instead of Name.
	ONNX []byte
	// Picture is a picture file for the model to predict, Tensor the only input.
	// Without either the inputs are random.
	Picture []byte
	Tensor  *Tensor
	// Shapes gives sizes of random inputs by name, where the model has none.
	Shapes map[string][]int
	// Threads and Runs are how many.
	Threads, Runs int
	// Chromium is the browser's program; FindChromium finds one.
	Chromium string
}

// Tensor is an input of 32-bit floats, little-endian.
type Tensor struct {
	Dims []int
	Data []byte
}

// Result is what the page found out.
type Result struct {
	// Engine is what computed, Threads how many did; ThreadsReason says why there
	// were not more.
	Engine        string  `json:"engine"`
	Threads       int     `json:"threads"`
	ThreadsReason *string `json:"threadsReason"`
	// Run is how long a run takes that is not measured step by step, in
	// milliseconds: the median. First is the first run, which prepares too.
	Run   float64 `json:"run"`
	First float64 `json:"first"`
	// Profile is the shortest of the runs that were measured step by step, as
	// larder.js returns it.
	Profile json.RawMessage `json:"profile"`
	// Table is the same for people.
	Table string `json:"table"`
	// Error says why there is nothing of that.
	Error *Failure `json:"error"`
}

// Failure is an error of larder.js.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// maxResult bounds what the page may send.
const maxResult = 64 << 20

// Run measures. It ends the browser before it returns.
func Run(ctx context.Context, o Options) (*Result, error) {
	if _, err := os.Stat(filepath.Join(o.Site, "larder.js")); err != nil {
		return nil, fmt.Errorf("no site in %s: run ./build.sh build first, or name its folder with --dir", o.Site)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	results := make(chan *Result, 1)
	handler, err := newHandler(o, results)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	defer server.Close()
	browser, err := startChromium(ctx, o.Chromium, "http://"+listener.Addr().String()+pagePath)
	if err != nil {
		return nil, err
	}
	defer browser.close()
	select {
	case r := <-results:
		if r.Error != nil {
			return nil, r.Error
		}
		return r, nil
	case <-browser.ended:
		return nil, fmt.Errorf("%s ended before the page was done: %w; it said: %s", o.Chromium, browser.err, browser.said())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// decodeResult reads what the page sends.
func decodeResult(body io.Reader) (*Result, error) {
	b, err := io.ReadAll(io.LimitReader(body, maxResult))
	if err != nil {
		return nil, err
	}
	r := &Result{}
	return r, json.Unmarshal(b, r)
}
