package op

// convLoops is the geometry of a convolution of whole images.
type convLoops struct {
	box
	// group is the number of groups; in and out are the channels of one group.
	group, in, out int
}

// fewChannels is the most output channels of a group for which each kernel tap
// runs over whole rows. With more, gathering the inputs of each output once
// pays.
const fewChannels = 3

// convolve adds to out the convolution of all images in x with the weights w.
//
//	for each image, group, output channel m and position p:
//	    out[m][p] += Σ over input channel c and tap k of w[m][c][k] · x[c][p·stride - begin + k·dilation]
func convolve[T float](l convLoops, out, x, w []T) {
	taps := l.in * l.taps() // weights of an output channel
	nx, nw, no := l.in*l.inputs(), l.out*taps, l.out*l.outputs()
	if nx == 0 || no == 0 {
		return
	}
	var patch []T
	if l.out > fewChannels {
		patch = make([]T, taps*min(patchPixels, l.outputs()))
	}
	for len(out) > 0 {
		for g := range l.group {
			if l.out > fewChannels {
				convPatches(l, out[:no], x[:nx], w[g*nw:][:nw], patch)
			} else {
				convRows(l, out[:no], x[:nx], w[g*nw:][:nw])
			}
			out, x = out[no:], x[nx:]
		}
	}
}

// convRows computes one group: for each tap, a row of the output takes its
// weight times a row of the input.
func convRows[T float](l convLoops, out, x, w []T) {
	d, h, wd := &l.box[0], &l.box[1], &l.box[2]
	for m := range l.out {
		dst := out[m*l.outputs():][:l.outputs()]
		for c := range l.in {
			src := x[c*l.inputs():][:l.inputs()]
			for kd := range d.kernel {
				d0, d1, dAt := d.clip(kd)
				for kh := range h.kernel {
					h0, h1, hAt := h.clip(kh)
					row := w[:wd.kernel]
					w = w[wd.kernel:]
					for od := d0; od < d1; od++ {
						for oh := h0; oh < h1; oh++ {
							id, ih := od*d.stride+dAt, oh*h.stride+hAt
							convRow(wd, dst[(od*h.out+oh)*wd.out:][:wd.out], src[(id*h.in+ih)*wd.in:][:wd.in], row)
						}
					}
				}
			}
		}
	}
}

// convRow adds to one row of the output the weights of one kernel row.
func convRow[T float](s *span, out, x, w []T) {
	for k, f := range w {
		lo, hi, at := s.clip(k)
		if lo == hi {
			continue
		}
		dst := out[lo:hi]
		src := x[lo*s.stride+at:]
		if s.stride == 1 {
			src = src[:len(dst)]
			for i := range dst {
				dst[i] += f * src[i]
			}
			continue
		}
		for i := range dst {
			dst[i] += f * src[i*s.stride]
		}
	}
}

// patchPixels is how many outputs convPatches gathers at a time: their inputs
// stay in the second-level cache while every output channel reads them.
const patchPixels = 32

// convPatches computes one group as a matrix product: the inputs that an output
// position sees, gathered into a row of patch, times each channel's weights.
func convPatches[T float](l convLoops, out, x, w, patch []T) {
	n, taps := l.outputs(), l.in*l.taps()
	pointwise := l.pointwise()
	for p := 0; p < n; p += patchPixels {
		pixels := min(patchPixels, n-p)
		if pointwise {
			gatherPoints(patch, x[p:], l.in, n, pixels)
		} else {
			for i := range pixels {
				gather(l, patch[i*taps:][:taps], x, p+i)
			}
		}
		mulRows(out[p:], n, w, patch[:pixels*taps], l.out, pixels, taps)
	}
}

// pointwise reports whether every output sees exactly the input at its place.
func (l *convLoops) pointwise() bool {
	for _, s := range l.box {
		if s.kernel != 1 || s.stride != 1 || s.in != s.out || s.begin != 0 {
			return false
		}
	}
	return true
}

// gatherPoints writes the channels of some neighbouring points, plane elements
// apart in x, one point after the other.
func gatherPoints[T float](patch, x []T, channels, plane, points int) {
	for c := range channels {
		to := patch[c:]
		for i, v := range x[c*plane:][:points] {
			to[i*channels] = v
		}
	}
}

// gather writes the inputs that output position p sees, 0 in the padding, in
// the order of the weights.
func gather[T float](l convLoops, patch, x []T, p int) {
	d, h, w := &l.box[0], &l.box[1], &l.box[2]
	id0 := p/(h.out*w.out)*d.stride - d.begin
	ih0 := p/w.out%h.out*h.stride - h.begin
	iw0 := p%w.out*w.stride - w.begin
	for c := range l.in {
		src := x[c*l.inputs():][:l.inputs()]
		for kd := range d.kernel {
			id := id0 + kd*d.dilation
			for kh := range h.kernel {
				ih := ih0 + kh*h.dilation
				to := patch[:w.kernel]
				patch = patch[w.kernel:]
				if uint(id) >= uint(d.in) || uint(ih) >= uint(h.in) {
					clear(to)
					continue
				}
				row := src[(id*h.in+ih)*w.in:][:w.in]
				iw := iw0
				for k := range to {
					to[k] = 0
					if uint(iw) < uint(len(row)) {
						to[k] = row[iw]
					}
					iw += w.dilation
				}
			}
		}
	}
}
