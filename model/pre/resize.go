package pre

import "math"

// window is the part of a resized picture that is needed: from offset on,
// count of out pixels, along one side.
type window struct{ out, offset, count int }

// resize returns the picture after colour, resize and crop: interleaved bytes,
// 1 or 3 a pixel, in the order of the tensor's channels. The picture is never
// converted as a whole: horizontal passes read the rows that the vertical pass
// needs and keep 8-bit results, as Pillow does.
func resize(img *Image, spec *ImageSpec) []byte {
	w, h := spec.Size()
	wx, wy := spec.windows(img.Width, img.Height)
	n := spec.Channels()
	out := make([]byte, w*h*n)
	// Fit leaves margins, Crop has its offset in the windows already.
	left, top := 0, 0
	if spec.Resize.Mode == Fit {
		left, top = middle(w-wx.count), middle(h-wy.count)
	}
	target := canvas{out[(top*w+left)*n:], w * n, n}
	if spec.Resize.Filter == Nearest {
		target.nearest(img, spec, wx, wy)
	} else {
		target.resample(img, spec, wx, wy)
	}
	return out
}

// windows returns what is needed along both sides.
func (s *ImageSpec) windows(w, h int) (wx, wy window) {
	r := s.Resize
	outW, outH := r.Width, r.Height
	switch r.Mode {
	case ShortestSide:
		outW, outH = r.Size, r.Size
		if w > h {
			outW = int(int64(r.Size) * int64(w) / int64(h))
		} else {
			outH = int(int64(r.Size) * int64(h) / int64(w))
		}
	case Fit:
		outW, outH = fitInto(w, h, r.Width, r.Height)
	}
	wx, wy = window{outW, 0, outW}, window{outH, 0, outH}
	if c := s.Crop; c != nil {
		wx.offset, wx.count = middle(outW-c.Width), c.Width
		wy.offset, wy.count = middle(outH-c.Height), c.Height
	}
	return wx, wy
}

// fitInto returns the largest size with the aspect of w x h that fits.
func fitInto(w, h, maxW, maxH int) (int, int) {
	have, want := float64(w)/float64(h), float64(maxW)/float64(maxH)
	switch {
	case have > want:
		maxH = max(1, int(math.RoundToEven(float64(h)/float64(w)*float64(maxW))))
	case have < want:
		maxW = max(1, int(math.RoundToEven(float64(w)/float64(h)*float64(maxH))))
	}
	return maxW, maxH
}

// middle is the margin before something centred; a half goes to the even side,
// as Python rounds.
func middle(spare int) int { return int(math.RoundToEven(float64(spare) / 2)) }

// canvas is where the result goes: rows of stride bytes, channels a pixel.
type canvas struct {
	pix              []byte
	stride, channels int
}

// nearest copies the source pixel under each output pixel's centre. Positions
// are summed up, not multiplied, as in Pillow: the rounding differs.
func (c canvas) nearest(img *Image, spec *ImageSpec, wx, wy window) {
	xs, ys := positions(img.Width, wx), positions(img.Height, wy)
	row := newRowReader(img, spec.Color)
	for i, y := range ys {
		src, step := row.read(y)
		dst := c.pix[i*c.stride:]
		for j, x := range xs {
			copy(dst[j*c.channels:(j+1)*c.channels], src[x*step:])
		}
	}
}

func positions(in int, w window) []int {
	scale := float64(in) / float64(w.out)
	at := scale * 0.5
	for range w.offset {
		at += scale
	}
	list := make([]int, w.count)
	for i := range list {
		list[i] = min(int(at), in-1)
		at += scale
	}
	return list
}

// resample runs the horizontal pass over the rows that the vertical pass
// needs, then the vertical pass. A side that keeps its length is not touched.
func (c canvas) resample(img *Image, spec *ImageSpec, wx, wy window) {
	k := kernels[spec.Resize.Filter]
	rows := coefficients(img.Height, wy.out, wy.offset, wy.count, k)
	columns := coefficients(img.Width, wx.out, wx.offset, wx.count, k)
	first := rows[0].first
	tail := rows[len(rows)-1]
	last := tail.first + len(tail.weights)
	width := wx.count * c.channels
	between := make([]byte, (last-first)*width)
	row := newRowReader(img, spec.Color)
	for y := first; y < last; y++ {
		src, step := row.read(y)
		dst := between[(y-first)*width:][:width]
		if step == 1 {
			horizontal1(dst, src, columns)
		} else {
			horizontal3(dst, src, columns)
		}
	}
	acc := make([]int32, width)
	for i, t := range rows {
		vertical(c.pix[i*c.stride:][:width], between[(t.first-first)*width:], t.weights, acc)
	}
}

// half is what makes the shift by fixedBits round.
const half = 1 << (fixedBits - 1)

// horizontal3 computes one row of three channels from pixels of four bytes.
func horizontal3(dst, src []byte, columns []taps) {
	for i := range columns {
		t := &columns[i]
		s := src[4*t.first:][:4*len(t.weights)]
		a, b, c := int32(half), int32(half), int32(half)
		for _, w := range t.weights {
			a += int32(s[0]) * w
			b += int32(s[1]) * w
			c += int32(s[2]) * w
			s = s[4:]
		}
		d := dst[3*i : 3*i+3 : 3*i+3]
		d[0], d[1], d[2] = clip(a), clip(b), clip(c)
	}
}

// horizontal1 computes one row of one channel from pixels of one byte.
func horizontal1(dst, src []byte, columns []taps) {
	for i := range columns {
		t := &columns[i]
		s := src[t.first:][:len(t.weights)]
		a := int32(half)
		for j, w := range t.weights {
			a += int32(s[j]) * w
		}
		dst[i] = clip(a)
	}
}

// vertical adds up rows of src, one for each weight, row by row so that memory
// is read in order.
func vertical(dst, src []byte, weights []int32, acc []int32) {
	for i := range acc {
		acc[i] = half
	}
	for _, w := range weights {
		row := src[:len(acc)]
		src = src[len(acc):]
		if w == 0 {
			continue
		}
		for i, v := range row {
			acc[i] += int32(v) * w
		}
	}
	for i, v := range acc {
		dst[i] = clip(v)
	}
}

// clip takes the integer part and keeps it within a byte.
func clip(v int32) byte { return byte(min(max(v>>fixedBits, 0), 255)) }
