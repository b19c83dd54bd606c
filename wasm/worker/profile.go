package main

import (
	"context"

	"larder/model/engine"
	"larder/wasm/message"
)

// profile is where the time of a run went; nil if nobody asked.
type profile struct{ engine.Profile }

// watched returns a context whose run is measured, if that is asked for, and the
// profile that the run will fill.
func (s *server) watched(ctx context.Context, asked bool) (context.Context, *profile) {
	if !asked {
		return ctx, nil
	}
	p := &profile{}
	return engine.WithProfile(ctx, &p.Profile, s.now), p
}

// message translates the profile after the run.
func (p *profile) message() *message.Profile {
	if p == nil {
		return nil
	}
	m := &message.Profile{Total: milliseconds(p.Total), Table: p.Table()}
	for _, s := range p.Steps {
		m.Steps = append(m.Steps, message.ProfileStep{Node: s.Node, Op: s.Op, Kernel: s.Kernel, Host: s.Host, Value: s.Value,
			Time: milliseconds(s.Time), GFlops: s.GFlops(), Share: p.Share(s)})
	}
	return m
}
