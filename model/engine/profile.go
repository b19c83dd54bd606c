package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"larder/model/plan"
	"larder/model/tensor"
)

// Profiler is a Program that can say where the time of a run goes.
type Profiler interface {
	// Profile runs every step on its own and measures it by the clock.
	Profile(ctx context.Context, feeds []*tensor.Tensor, now func() time.Time) (*Profile, error)
}

// Profile is where the time of one run went.
type Profile struct {
	Steps []StepTime
	// Total is the sum of all steps.
	Total time.Duration
	// WeightBytes, ArenaBytes and ScratchBytes are the sizes of the memory.
	WeightBytes, ArenaBytes, ScratchBytes int
}

// StepTime is one step of a profile.
type StepTime struct {
	// Kernel is the kernel's or operator's name, Value what it makes.
	Kernel, Value string
	// Host says that the operator's plain Go code ran.
	Host  bool
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

// Profile implements [Profiler].
func (p *planned) Profile(ctx context.Context, feeds []*tensor.Tensor, now func() time.Time) (*Profile, error) {
	var out Profile
	_, err := p.run(ctx, feeds, func(s *plan.Step, do func() error) error {
		start := now()
		err := do()
		t := StepTime{Kernel: s.Title, Value: s.Value, Host: s.Kind == plan.Host, Flops: s.Flops, Time: now().Sub(start)}
		out.Steps = append(out.Steps, t)
		out.Total += t.Time
		return err
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl := p.loaded; pl != nil {
		out.WeightBytes, out.ArenaBytes, out.ScratchBytes = pl.WeightBytes, pl.ArenaBytes, pl.ScratchBytes
	}
	return &out, nil
}

// Table returns the profile as text: a line for each step and one for all.
func (p *Profile) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%9s %6s %9s  %-16s %s\n", "ms", "share", "GFLOP/s", "kernel", "value")
	line := func(t StepTime) {
		share := 0.0
		if p.Total > 0 {
			share = 100 * float64(t.Time) / float64(p.Total)
		}
		kernel := t.Kernel
		if t.Host {
			kernel += " (plain)"
		}
		fmt.Fprintf(&b, "%9.3f %5.1f%% %9.1f  %-16s %s\n", float64(t.Time)/1e6, share, t.GFlops(), kernel, t.Value)
	}
	sum := StepTime{Kernel: "all", Time: p.Total}
	for _, t := range p.Steps {
		line(t)
		sum.Flops += t.Flops
	}
	line(sum)
	return b.String()
}
