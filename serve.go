package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"larder/web/host"
)

// serveFlags are the flags of `larder serve`.
type serveFlags struct {
	addr, dir, base, models string
	noIsolation             bool
	rebuild                 bool
	quiet                   bool
	push                    string
}

// runServe is `larder serve`.
func runServe(ctx context.Context, std stdio, args []string) error {
	var f serveFlags
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.StringVar(&f.addr, "addr", "127.0.0.1:8080", "address to listen on; port 0 picks a free one")
	fs.StringVar(&f.dir, "dir", "dist", "folder of the built site")
	fs.StringVar(&f.base, "base", "/", "path to serve the site under, such as /demo/")
	fs.StringVar(&f.models, "models", "", "with --rebuild: folder of the model registry (default web/static/models)")
	fs.BoolVar(&f.noIsolation, "no-isolation", false, "leave out COOP, COEP and CORP, as a static host without headers would")
	fs.BoolVar(&f.rebuild, "rebuild", false, "build the site again when a source has changed and a page is asked for")
	fs.BoolVar(&f.quiet, "quiet", false, "do not log requests")
	fs.StringVar(&f.push, "push", "auto", "tell open pages at once when a model changes: on, off, or auto (on if --addr is this machine alone)")
	if err := parse(fs, std, "serve [flags]", args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected argument %q", fs.Arg(0))}
	}
	if f.push != "auto" && f.push != "on" && f.push != "off" {
		return usageError{fmt.Sprintf("--push %q: want on, off or auto", f.push)}
	}
	listener, err := listen(f.addr) // first: a taken port should not cost a build
	if err != nil {
		return err
	}
	defer listener.Close()
	var push *host.Push
	if f.push == "on" || f.push == "auto" && isLoopback(listener.Addr()) {
		push = host.NewPush()
	}
	handler, err := f.handler(ctx, std, push)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "serving %s at http://%s%s (Ctrl-C stops)\n", f.dir, listener.Addr(), f.base)
	return serveUntil(ctx, listener, handler)
}

// handler builds the site's handler from the flags.
func (f *serveFlags) handler(ctx context.Context, std stdio, push *host.Push) (http.Handler, error) {
	opt := host.Options{Dir: f.dir, Base: f.base, NoIsolation: f.noIsolation, Push: push}
	if !f.quiet {
		opt.Log = func(a host.Access) {
			fmt.Fprintf(std.out, "%s %q %d %d %s %s\n", a.Method, a.Path, a.Status, a.Bytes, orDash(a.Encoding), a.Took.Round(time.Millisecond))
		}
	}
	if f.rebuild {
		builder := newRebuilder(ctx, std, f.dir, f.models)
		opt.Before = builder.ensure
		if err := builder.ensure(ctx); err != nil {
			fmt.Fprintf(std.err, "the site could not be built; its pages show why: %v\n", err)
		}
		if push != nil {
			go f.watch(ctx, std, push, cmp.Or(f.models, defaultRegistry), builder.ensure)
		}
	} else if _, err := os.Stat(filepath.Join(f.dir, "index.html")); err != nil {
		return nil, fmt.Errorf("no site in %s: run ./build.sh build first, or name its folder with --dir", f.dir)
	}
	if push != nil && !f.rebuild {
		go f.watch(ctx, std, push, filepath.Join(f.dir, "models"), nil)
	}
	return host.New(opt)
}

// watch tells open pages of changed models until ctx ends; build, which may be nil,
// brings the site up to date first.
func (f *serveFlags) watch(ctx context.Context, std stdio, push *host.Push, dir string, build func(context.Context) error) {
	defer push.Close()
	w := newModelsWatcher(dir, func(ctx context.Context, models []string) {
		if build != nil {
			if err := build(ctx); err != nil {
				fmt.Fprintf(std.err, "the models changed, but the site could not be built: %v\n", err)
				return
			}
		}
		push.Send(models)
		if !f.quiet {
			fmt.Fprintf(std.out, "changed: %s; told %d pages\n", strings.Join(models, ", "), push.Listeners())
		}
	})
	if err := w.run(ctx, nil); err != nil {
		fmt.Fprintf(std.err, "%s is not watched any more, open pages are not told of changes: %v\n", dir, err)
		<-ctx.Done()
	}
}

// isLoopback reports whether only programs of this machine reach an address.
func isLoopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && t.IP.IsLoopback()
}

// listen opens the port and explains the usual reasons why it cannot.
func listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err == nil {
		return listener, nil
	}
	_, port, _ := net.SplitHostPort(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program: stop it (`ss -ltnp 'sport = :%s'` names it), "+
			"or choose another port, such as --addr 127.0.0.1:0 for any free one", addr, port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s needs rights that this user lacks: choose a port above 1023 with --addr", addr)
	}
	return nil, fmt.Errorf("listen on %q: %w (--addr wants HOST:PORT)", addr, err)
}

// serveUntil serves until ctx ends, then lets running requests finish.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      10 * time.Minute, // a model over a slow line
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}

// orDash stands in for an empty column of the log.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
