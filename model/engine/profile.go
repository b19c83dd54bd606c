package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"larder/model/graph"
)

// Profile is where the time of one run went; see [WithProfile].
type Profile struct {
	Steps []StepTime
	// Total is the sum of all steps.
	Total time.Duration
	// WeightBytes, ArenaBytes and ScratchBytes are the sizes of the memory; zero
	// for a program that has none of its own.
	WeightBytes, ArenaBytes, ScratchBytes int
}

// StepTime is one step of a profile.
type StepTime struct {
	// Kernel names what ran: a kernel, "put" or "fetch" for what is carried over
	// to the kernels' memory and back, or the operator where its plain Go code
	// ran.
	Kernel string
	// Host says that the operator's plain Go code ran.
	Host bool
	// Op is the operator that the step is for, with its domain unless it is the
	// default one, and Node where that is in the graph; both are empty for what
	// belongs to no node.
	Op, Node string
	// Value is what the step makes.
	Value string
	Flops int64
	Time  time.Duration
}

// GFlops is the speed of the step in 10⁹ operations a second, those of the
// direct algorithm; 0 if nothing is known.
func (s StepTime) GFlops() float64 {
	if s.Time <= 0 {
		return 0
	}
	return float64(s.Flops) / s.Time.Seconds() / 1e9
}

// WithProfile returns a context whose next run measures every step by a clock
// and tells it in p. Each step then runs on its own, so that the whole takes
// somewhat longer than without. Each run, one at a time, starts p anew.
func WithProfile(ctx context.Context, p *Profile, now func() time.Time) context.Context {
	return context.WithValue(ctx, profileKey{}, &stopwatch{p, now})
}

type profileKey struct{}

// stopwatch fills a profile.
type stopwatch struct {
	profile *Profile
	now     func() time.Time
}

// stopwatchOf returns the stopwatch of a run, nil if nobody asked for one.
func stopwatchOf(ctx context.Context) *stopwatch {
	w, _ := ctx.Value(profileKey{}).(*stopwatch)
	if w != nil {
		*w.profile = Profile{}
	}
	return w
}

// measure runs a step. t says what the step is; its time is added.
func (w *stopwatch) measure(t StepTime, do func() error) error {
	start := w.now()
	err := do()
	t.Time = w.now().Sub(start)
	w.profile.Steps = append(w.profile.Steps, t)
	w.profile.Total += t.Time
	return err
}

// ofNode fills in what a step knows from its node.
func (t StepTime) ofNode(n *graph.Node) StepTime {
	if n == nil {
		return t
	}
	t.Op, t.Node = n.Type, n.Path
	if n.Domain != "" {
		t.Op = n.Domain + "." + n.Type
	}
	return t
}

// Share returns the step's part of the whole, from 0 to 1.
func (p *Profile) Share(s StepTime) float64 {
	if p.Total <= 0 {
		return 0
	}
	return float64(s.Time) / float64(p.Total)
}

// Table returns the profile as text: a line for each step and one for all. What
// ran as plain Go is marked.
func (p *Profile) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%4s %9s %6s %9s  %-18s %-20s %s\n", "step", "ms", "share", "GFLOP/s", "kernel", "operator", "value")
	line := func(number string, t StepTime) {
		kernel := t.Kernel
		if t.Host {
			kernel = "plain Go"
		}
		fmt.Fprintf(&b, "%4s %9.3f %5.1f%% %9.1f  %-18s %-20s %s\n", number, float64(t.Time)/1e6, 100*p.Share(t), t.GFlops(), kernel, t.Op, t.Value)
	}
	sum := StepTime{Kernel: "all", Time: p.Total}
	for i, t := range p.Steps {
		line(fmt.Sprint(i), t)
		sum.Flops += t.Flops
	}
	line("", sum)
	return b.String()
}
