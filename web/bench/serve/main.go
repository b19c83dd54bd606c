// Command serve is the web server of the browser benchmark: Larder's own site
// handler, mounted four times, with COOP and COEP so that every engine may have
// threads.
//
//	/larder/   the built site, with all its headers
//	/peers/    the files of the other engines
//	/models/   the models
//	/          the pages of the benchmark
//
// Outside /larder/ the Content-Security-Policy is left out, which Larder's page is
// written for and other engines are not, and files may be kept by the browser for
// ever, so that a second visit costs the others no request.
//
// The first line on the standard output is the address, then follows the path of
// every request, before it is answered.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"larder/web/host"
)

func main() {
	mounts := map[string]*string{
		"/larder/": flag.String("larder", "", "folder of the built site"),
		"/peers/":  flag.String("peers", "", "folder of the other engines' files"),
		"/models/": flag.String("models", "", "folder of the models"),
		"/":        flag.String("pages", "", "folder of the benchmark's pages"),
	}
	identity := flag.Bool("identity", false, "send no file compressed")
	flag.Parse()
	if err := run(mounts, *identity); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(mounts map[string]*string, identity bool) error {
	mux := http.NewServeMux()
	for base, dir := range mounts {
		site, err := host.New(host.Options{Dir: *dir, Base: base})
		if err != nil {
			return err
		}
		mux.Handle(base, handler(site, base, identity))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, mux)
}

// handler logs requests and adapts what host.Handler is stricter about.
func handler(site http.Handler, base string, identity bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Path)
		if identity {
			r.Header.Del("Accept-Encoding")
		}
		if base != "/larder/" {
			w = &lenient{w, !strings.HasSuffix(r.URL.Path, ".html")}
		}
		site.ServeHTTP(w, r)
	})
}

// lenient changes the headers of an answer before they are sent.
type lenient struct {
	http.ResponseWriter
	keep bool // whether the browser may keep the answer
}

// WriteHeader sends the headers.
func (w *lenient) WriteHeader(status int) {
	w.Header().Del("Content-Security-Policy")
	if w.keep && status == http.StatusOK {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.ResponseWriter.WriteHeader(status)
}
