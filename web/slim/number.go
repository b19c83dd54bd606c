package slim

// callSite is what the runtime may look up of a call: by the number of the place
// that it came back to before, and by the one of now.
type callSite struct {
	old, now int64
	use      int64 // of its return address
}

// numberCalls writes the return addresses. The number of a call that comes back is
// its label's, so that the table of places is 0, 1, 2, … in every function, and that
// from one call to the next the number mostly grows by one. The addresses behind all
// labels are for calls that never come back; those of which the runtime knows the
// same share one.
func (f *goFunc) numberCalls(l *layout, deferred int64, known *frames) []callSite {
	n := &numbering{f: f, layout: l, known: known, next: max(1, l.count), behind: map[string]int64{}, deferred: deferred}
	n.target = make([]bool, len(f.segments))
	addresses := 0
	for s, code := range f.segments {
		if !l.reached[s] {
			continue
		}
		for _, in := range code {
			switch in.op {
			case opAddress:
				addresses++
			case opJump, opJumpIf:
				n.target[in.a] = true
			}
		}
	}
	f.counts = addresses > 1 && f.addRegisters()
	for s := range f.segments {
		if l.reached[s] {
			n.segment(s)
		}
	}
	return n.sites
}

type numbering struct {
	f        *goFunc
	layout   *layout
	known    *frames
	deferred int64
	target   []bool           // segments that something jumps to
	next     int64            // the next number behind all labels
	behind   map[string]int64 // numbers there by what is known of them
	here     int64            // the number in localHere; -1 if that depends
	sites    []callSite
}

func (n *numbering) segment(s int) {
	f := n.f
	if s > 0 {
		if _, falls := cutDead(f.segments[s-1]); !falls || !n.layout.reached[s-1] || n.target[s] || int64(s) == n.deferred {
			n.here = -1
		}
	}
	out := make([]instr, 0, len(f.segments[s])+16)
	depth := 0
	for _, in := range f.segments[s] {
		switch in.op {
		case opIf, opLoop, opBlock:
			depth++
		case opEnd:
			depth--
		case opLocalGet, opLocalSet, opLocalTee:
			if in.a > localSP && f.counts {
				in.a += addedRegs
			}
		case opAddress:
			out = n.address(out, in, depth == 0 && in.b == comesBack)
			continue
		}
		out = append(out, in)
	}
	f.segments[s] = out
}

// address writes a return address; keep says that localHere shall have it from now on.
func (n *numbering) address(out []instr, in instr, keep bool) []instr {
	site := callSite{old: in.a, use: in.b}
	switch in.b {
	case comesBack:
		site.now = n.layout.rank[n.f.segment(in.a)]
	case trap:
		if n.here > 0 && n.known.depth.at(in.a) == n.depthOf(n.here) {
			site.now = n.here
		} else {
			site.now = n.numberBehind("trap"+n.known.depth.key(in.a), in.a)
		}
	case staysAway:
		site.now = n.numberBehind(n.known.key(in.a), in.a)
	}
	n.sites = append(n.sites, site)
	if !n.f.counts {
		return append(out, instr{op: opI32Const, a: place(n.f.own)<<16 + site.now})
	}
	from, add := int64(localOwn), site.now
	if n.here >= 0 {
		from, add = localHere, site.now-n.here
	}
	out = append(out, instr{op: opLocalGet, a: from})
	if add != 0 {
		out = append(out, instr{op: opI32Const, a: add}, instr{op: opI32Add})
	}
	if keep {
		out = append(out, instr{op: opLocalTee, a: localHere})
		n.here = site.now
	}
	return out
}

// depthOf returns the frame's size at a number that was given before.
func (n *numbering) depthOf(number int64) int64 {
	for _, site := range n.sites {
		if site.now == number {
			return n.known.depth.at(site.old)
		}
	}
	return -1
}

func (n *numbering) numberBehind(key string, old int64) int64 {
	if _, ok := n.behind[key]; !ok {
		n.behind[key] = n.next
		n.next++
	}
	return n.behind[key]
}
