package plan

import (
	"fmt"
	"strings"
)

// Text returns the plan as readable lines, always the same for the same graph
// and shapes. It is for tests and for people:
//
//	plan: 4096 bytes of weights, 1024 of arena, 0 of scratch, 1 thread
//	  0 put x: slot 0 to 5120, [1 3 8 8]
//	  1 conv y: 13824 operations
func (p *Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan: %d bytes of weights, %d of arena, %d of scratch, %d threads\n", p.WeightBytes, p.ArenaBytes, p.ScratchBytes, p.Threads)
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%3d %s %s", i, s.Title, s.Value)
		switch s.Kind {
		case Kernel:
			if s.Flops > 0 {
				fmt.Fprintf(&b, ": %d operations", s.Flops)
			}
		case Put:
			fmt.Fprintf(&b, ": slot %d to %d, %v", s.Slot, s.Place.Offset, s.Place.Shape)
		case Fetch:
			fmt.Fprintf(&b, ": %d to slot %d, %v", s.Place.Offset, s.Slot, s.Place.Shape)
		case Host:
			fmt.Fprintf(&b, ": plain, slots %v to %v", s.In, s.Out)
		}
		if len(s.Release) > 0 {
			fmt.Fprintf(&b, ", then drop %v", s.Release)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
