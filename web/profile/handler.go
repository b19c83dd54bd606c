package profile

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"
	"time"

	"larder/web/host"
)

//go:embed page.html
var pageHTML []byte

//go:embed page.mjs
var pageScript []byte

// Where the page finds things.
const (
	pagePath     = "/profile/page.html"
	sitePath     = "/site/"
	registryPath = "/registry/"
)

// job is what the page is told to do.
type job struct {
	Name    string           `json:"name"`
	Version string           `json:"version"`
	Picture bool             `json:"picture"`
	Dims    []int            `json:"dims"` // of the only input; null for random inputs
	Shapes  map[string][]int `json:"shapes"`
	Threads int              `json:"threads"`
	Runs    int              `json:"runs"`
}

// newHandler serves the page, the site, the model and the input, and takes the
// result.
func newHandler(o Options, results chan<- *Result) (http.Handler, error) {
	site, err := host.New(host.Options{Dir: o.Site, Base: sitePath})
	if err != nil {
		return nil, err
	}
	j := job{Name: o.Name, Version: o.Version, Picture: o.Picture != nil, Shapes: o.Shapes, Threads: o.Threads, Runs: o.Runs}
	input := o.Picture
	if o.Tensor != nil {
		j.Dims, input = o.Tensor.Dims, o.Tensor.Data
	}
	task, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(sitePath, site)
	if o.Registry != nil {
		mux.Handle(registryPath, http.StripPrefix(registryPath[:len(registryPath)-1], o.Registry))
	}
	for name, content := range map[string][]byte{"page.html": pageHTML, "page.mjs": pageScript, "job.json": task, "model.onnx": o.ONNX, "input": input} {
		mux.HandleFunc("GET /profile/"+name, func(w http.ResponseWriter, r *http.Request) {
			if name == "page.mjs" {
				w.Header().Set("Content-Type", "text/javascript")
			}
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
		})
	}
	mux.HandleFunc("POST /profile/result", func(w http.ResponseWriter, r *http.Request) {
		result, err := decodeResult(r.Body)
		if err != nil {
			result = &Result{Error: &Failure{"internal", "the page sent no result: " + err.Error()}}
		}
		select {
		case results <- result:
		default: // there is one already
		}
	})
	return isolated(mux), nil
}

// isolated makes the page cross-origin isolated, which threads need.
func isolated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		h.ServeHTTP(w, r)
	})
}
