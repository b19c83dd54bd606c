package policy

// TinyLFU is W-TinyLFU with sizes: new items live in a window (LRU); what falls out of
// it must be worth more than what would have to go for it, by how often both were asked
// for lately, also before they were here. The main part is a segmented LRU: probation,
// and protected for what was used there.
//
// Einziger, Friedman, Manes, "TinyLFU", ACM TOS 2017; Einziger, Eytan, Friedman, Manes,
// "Adaptive Software Cache Management", Middleware 2018, for the window whose size
// follows the hit ratio; Einziger, Eytan, Friedman, Manes, "Lightweight Robust Size Aware
// Cache Management", ACM TOS 2022, for the candidate that is weighed against the sum of
// its victims. It differs in that frequencies are multiplied by costs, so that with
// costs that are sizes this is a matter of bytes, and with equal costs one of requests.
type TinyLFU struct {
	window, probation, protected queue // most recently used first
	budget, windowBudget         int64
	sketch                       sketch

	candidate *Item // in probation: fell out of the window, not yet admitted

	// The climber.
	hits, asked int
	lastRatio   float64
	step        float64 // the part of the budget that the window grows by
}

const (
	windowShare    = 0.01 // of the budget at the start; the paper's
	protectedShare = 0.8  // of the main part
	// climbEvery is how many requests for each item make one sample of the hit ratio.
	climbEvery = 10
	climbMin   = 1000   // requests in a sample at least
	climbStart = 0.0625 // first step of the window, of the budget
	climbDecay = 0.98   // steps become smaller
	climbAgain = 0.05   // a ratio that changed by so much means other traffic: steps start anew
)

// NewTinyLFU returns a TinyLFU.
func NewTinyLFU() Policy { return &TinyLFU{step: climbStart} }

// Budget implements Policy.
func (p *TinyLFU) Budget(bytes int64) {
	share := windowShare
	if p.budget > 0 {
		share = float64(p.windowBudget) / float64(p.budget)
	}
	p.budget = bytes
	p.windowBudget = int64(share * float64(bytes))
}

// Add implements Policy. O(1), as Use and Remove, but for the sketch's aging.
func (p *TinyLFU) Add(it *Item) {
	p.sketch.fit(p.window.n + p.probation.n + p.protected.n + 1)
	p.sketch.see(it.Hash)
	p.window.pushFront(it)
	p.candidate = nil // the one before is in
	p.asked++
	p.climb()
	for p.window.bytes > p.windowBudget && p.window.n > 1 && p.bytes() <= p.budget {
		p.probation.moveFront(p.window.last) // while there is room nobody has to prove anything
	}
}

func (p *TinyLFU) bytes() int64 { return p.window.bytes + p.probation.bytes + p.protected.bytes }

// Use implements Policy.
func (p *TinyLFU) Use(it *Item) {
	p.sketch.see(it.Hash)
	p.hits++
	p.asked++
	if it == p.candidate {
		p.candidate = nil
	}
	if it.in != &p.probation {
		it.in.moveFront(it)
		return
	}
	p.protected.moveFront(it)
	limit := int64(protectedShare * float64(p.budget-p.windowBudget))
	for p.protected.bytes > limit && p.protected.n > 1 {
		p.probation.moveFront(p.protected.last)
	}
}

// Resize implements Policy.
func (p *TinyLFU) Resize(it *Item, old int64) { resized(it, old) }

// Victim implements Policy.
func (p *TinyLFU) Victim() *Item {
	if p.candidate == nil || p.candidate.Held > 0 {
		p.candidate = nil
		if it := p.window.lastFree(); it != nil && p.window.bytes > p.windowBudget {
			p.probation.moveFront(it)
			p.candidate = it
		}
	}
	if p.candidate == nil {
		return p.least(nil)
	}
	if p.admits(p.candidate) {
		return p.least(p.candidate)
	}
	return p.candidate
}

// least returns the item that would go first: of probation, protected, window.
func (p *TinyLFU) least(but *Item) *Item {
	for _, q := range []*queue{&p.probation, &p.protected, &p.window} {
		for it := q.last; it != nil; it = it.prev {
			if it.Held == 0 && it != but {
				return it
			}
		}
	}
	return but
}

// admits reports whether a candidate is worth more than those that would have to go
// for it.
func (p *TinyLFU) admits(c *Item) bool {
	own := p.worth(c)
	room, lost := int64(0), 0.0
	for _, q := range []*queue{&p.probation, &p.protected} {
		for it := q.last; it != nil && room < c.bytes(); it = it.prev {
			if it == c || it.Held > 0 {
				continue
			}
			room += it.bytes()
			if lost += p.worth(it); lost >= own {
				return false
			}
		}
	}
	return room > 0
}

func (p *TinyLFU) worth(it *Item) float64 { return float64(p.sketch.count(it.Hash)) * it.cost() }

// Remove implements Policy.
func (p *TinyLFU) Remove(it *Item, _ bool) {
	if p.candidate == it {
		p.candidate = nil
	}
	it.in.remove(it)
}

// climb moves the border between window and main part to where there are more hits:
// on in the same direction while the ratio rises, back when it falls.
func (p *TinyLFU) climb() {
	n := p.window.n + p.probation.n + p.protected.n
	if p.asked < max(climbMin, n*climbEvery) {
		return
	}
	ratio := float64(p.hits) / float64(p.asked)
	change := ratio - p.lastRatio
	switch {
	case change < 0:
		p.step = -p.step * climbDecay
	default:
		p.step *= climbDecay
	}
	if change > climbAgain || change < -climbAgain {
		p.step = climbStart * sign(p.step)
	}
	p.lastRatio, p.hits, p.asked = ratio, 0, 0
	wide := float64(p.windowBudget) + p.step*float64(p.budget)
	p.windowBudget = int64(min(max(wide, windowShare*float64(p.budget)), 0.8*float64(p.budget)))
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}
