package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// chromiumNames are the programs that FindChromium looks for.
var chromiumNames = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// FindChromium returns the browser's program: what the environment variable
// CHROMIUM names, or the first in PATH.
func FindChromium() (string, error) {
	if name := os.Getenv("CHROMIUM"); name != "" {
		return name, nil
	}
	for _, name := range chromiumNames {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("there is no Chromium in PATH: install it, name one by the environment variable CHROMIUM, or use --host native")
}

var chromiumFlags = []string{"--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"}

// chromium is a running browser with a profile of its own.
type chromium struct {
	stop    context.CancelFunc
	ended   chan struct{} // closed when it has ended
	err     error         // why it has ended
	profile string
	said    func() string
}

// startChromium opens a page in a new browser.
func startChromium(ctx context.Context, program, url string) (*chromium, error) {
	profile, err := os.MkdirTemp("", "larder-profile-")
	if err != nil {
		return nil, err
	}
	args := append([]string{"--user-data-dir=" + profile}, chromiumFlags...)
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // it refuses root
	}
	ctx, stop := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, program, append(args, url)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it ends its children
	cmd.WaitDelay = 5 * time.Second
	var out lockedBuffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		stop()
		os.RemoveAll(profile)
		return nil, fmt.Errorf("the browser does not start: %w", err)
	}
	b := &chromium{stop: stop, ended: make(chan struct{}), profile: profile, said: out.String}
	go func() {
		if b.err = cmd.Wait(); b.err == nil {
			b.err = errors.New("status 0")
		}
		close(b.ended)
	}()
	return b, nil
}

// close ends the browser and removes its profile.
func (b *chromium) close() {
	b.stop()
	<-b.ended
	os.RemoveAll(b.profile)
}

// lockedBuffer keeps the first part of what a program says.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// keptBytes is how much of a program's words is kept.
const keptBytes = 16 << 10

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(p[:min(len(p), keptBytes-min(keptBytes, l.b.Len()))])
	return len(p), nil
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
