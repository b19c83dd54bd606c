package plan

import "slices"

// finish gives everything its address and encodes the steps.
func (b *builder) finish() *Plan {
	p := &b.plan
	p.Steps = slices.Insert(p.Steps, b.start, b.front...)
	b.pending = slices.Insert(b.pending, b.start, b.frontPending...)
	p.Threads = b.threads
	p.WeightBytes = b.weights.end
	p.Base = b.weights.end
	at := p.Base
	for i := range p.Steps {
		if p.Steps[i].Kind == Kernel {
			p.Steps[i].At = at
			at += b.pending[i].call().bytes()
		}
	}
	p.Arena = alignUp(at)
	for _, r := range b.reuses {
		r.grant()
	}
	p.ArenaBytes = arrange(b.buffers, p.Arena)
	p.Scratch = p.Arena + p.ArenaBytes
	p.ScratchBytes = b.scratch * b.threads
	p.End = p.Scratch + p.ScratchBytes
	for i := range p.Steps {
		s := &p.Steps[i]
		switch s.Kind {
		case Kernel:
			c := b.pending[i].call()
			s.Title, s.Words = c.number.String(), c.words()
		case Put, Fetch, PutIndices:
			s.Place.Offset = int(b.pending[i].place.at())
		}
	}
	b.release()
	return p
}

// release lets each step drop the slots that it is the last to read. Constants,
// defaults and outputs stay.
func (b *builder) release() {
	p := &b.plan
	done := make([]bool, len(p.Slots))
	for i, t := range p.Slots {
		done[i] = t != nil
	}
	for _, i := range p.Outputs {
		done[i] = true
	}
	for i := len(p.Steps) - 1; i >= 0; i-- {
		s := &p.Steps[i]
		used := append(append([]int{}, s.In...), s.Out...)
		if s.Kind == Put || s.Kind == Fetch || s.Kind == PutIndices {
			used = append(used, s.Slot)
		}
		for _, k := range used {
			if k >= 0 && !done[k] {
				done[k] = true
				s.Release = append(s.Release, k)
			}
		}
	}
}
