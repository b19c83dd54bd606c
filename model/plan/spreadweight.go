package plan

import "fmt"

// phases is the weights of a transposed convolution [in][out][window] as those of
// the convolution that makes all of its phases, for one group of merged groups. Its
// channels are [phase][out rounded up], and tap t of it is, in phase i of an axis, tap
// i + (taps-1-t)*stride of that axis.
type phases struct {
	windows
	group int // the number of the merged group
	h, w  axis
	out   int // channels of each single group
}

func (p phases) pack(m *packer) error {
	channels := p.in * p.merged
	each := p.out * p.h.kernel * p.w.kernel
	step := max(1, blockFloats/max(1, each))
	for c := 0; c < channels; c += step {
		n := min(step, channels-c)
		from, err := m.read((p.group*channels+c)*each, n*each)
		if err != nil {
			return err
		}
		rows := n
		if c+n == channels {
			rows = lanesUp(channels) - c
		}
		for t := range p.taps {
			if err := p.packTap(m, from, t, c, n, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// packTap writes a tap's rows of n channels from c on, of each panel a part.
func (p phases) packTap(m *packer, from []float32, t, c, n, rows int) error {
	wide := (p.w.reach() + p.w.stride - 1) / p.w.stride
	high := p.taps / wide
	y, x := (high-1-t/wide)*p.h.stride, (wide-1-t%wide)*p.w.stride
	at := t*lanesUp(p.in*p.merged) + c
	for j := 0; j < p.count; j += panelCols {
		to := m.blank(rows * panelCols)
		for k := j; k < min(j+panelCols, p.count); k++ {
			p.column(to[k-j:], from, k, y, x, c, n)
		}
		if err := m.to(j*p.rows()+at*panelCols, to); err != nil {
			return err
		}
	}
	return nil
}

// column fills column k of a panel's part, for the tap that begins at y and x.
func (p phases) column(to, from []float32, k, y, x, c, n int) {
	row := lanesUp(p.out * p.merged)
	phase, channel := k/row, k%row
	y, ok := p.h.tap(y + phase/p.w.stride)
	x, ok2 := p.w.tap(x + phase%p.w.stride)
	if !ok || !ok2 || channel >= p.out*p.merged {
		return
	}
	for i := range n {
		if (c+i)/p.in == channel/p.out { // of the same group
			to[i*panelCols] = from[((i*p.out+channel%p.out)*p.h.kernel+y)*p.w.kernel+x]
		}
	}
}

// tap returns which tap of the kernel is at a place, if any is.
func (a axis) tap(at int) (int, bool) { return at / a.dilation, at%a.dilation == 0 && at < a.reach() }

// reach is the size of a kernel with its gaps.
func (a axis) reach() int { return (a.kernel-1)*a.dilation + 1 }

func (p phases) String() string {
	return fmt.Sprintf("phases%v", [...]any{p.windows.String(), p.group, p.h, p.w, p.out})
}
