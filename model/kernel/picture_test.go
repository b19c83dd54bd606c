package kernel_test

import (
	"math/rand/v2"

	"larder/model/kernel"
)

// picture is a batch of images, NHWC with channels rounded up to a multiple of 4.
type picture struct{ n, h, w, c, stride int }

func newPicture(n, h, w, c int) picture { return picture{n, h, w, c, up4(c)} }

func (p picture) size() int { return p.n * p.h * p.w * p.stride }

func (p picture) index(n, y, x, c int) int { return ((n*p.h+y)*p.w+x)*p.stride + c }

// random returns pixels with zeros behind the channels.
func (p picture) random(r *rand.Rand) []float32 {
	data := make([]float32, p.size())
	for i := 0; i < len(data); i += p.stride {
		copy(data[i:], random(r, p.c))
	}
	return data
}

// sliding is a window over pictures.
type sliding struct {
	kh, kw, sh, sw, dh, dw, top, left, bottom, right int
}

func randomSliding(r *rand.Rand, most int) sliding {
	s := sliding{1 + r.IntN(most), 1 + r.IntN(most), 1 + r.IntN(3), 1 + r.IntN(3), 1 + r.IntN(2), 1 + r.IntN(2), 0, 0, 0, 0}
	s.top, s.bottom = r.IntN((s.kh+1)/2), r.IntN((s.kh+1)/2)
	s.left, s.right = r.IntN((s.kw+1)/2), r.IntN((s.kw+1)/2)
	return s
}

// over returns the picture of the results over in with c channels, and whether
// the window fits at all.
func (s sliding) over(in picture, c int) (picture, bool) {
	h := in.h + s.top + s.bottom - (s.kh-1)*s.dh - 1
	w := in.w + s.left + s.right - (s.kw-1)*s.dw - 1
	return newPicture(in.n, h/s.sh+1, w/s.sw+1, c), h >= 0 && w >= 0
}

// taps calls f with each place of the window for the output at y, x, and
// whether it lies inside the input.
func (s sliding) taps(in picture, y, x int, f func(ky, kx, iy, ix int, inside bool)) {
	for ky := range s.kh {
		for kx := range s.kw {
			iy, ix := y*s.sh-s.top+ky*s.dh, x*s.sw-s.left+kx*s.dw
			f(ky, kx, iy, ix, iy >= 0 && ix >= 0 && iy < in.h && ix < in.w)
		}
	}
}

// each calls f for each place of a picture and sets it to the result.
func (p picture) each(data []float32, f func(n, y, x, c int) float32) {
	for n := range p.n {
		for y := range p.h {
			for x := range p.w {
				for c := range p.c {
					data[p.index(n, y, x, c)] = f(n, y, x, c)
				}
			}
		}
	}
}

func clamp32(v, low, high float32) float32 {
	if v < low {
		v = low
	}
	if v > high {
		v = high
	}
	return v
}

// convolution returns the direct sum with weights [out][in/groups][kh][kw].
func convolution(s sliding, in picture, x []float32, out picture, w, bias, residual []float32, groups int, low, high float32) []float32 {
	y := make([]float32, out.size())
	each, outEach := in.c/groups, out.c/groups
	out.each(y, func(n, oy, ox, c int) float32 {
		sum := float64(bias[c])
		s.taps(in, oy, ox, func(ky, kx, iy, ix int, inside bool) {
			for i := 0; i < each && inside; i++ {
				sum += float64(x[in.index(n, iy, ix, c/outEach*each+i)]) * float64(w[((c*each+i)*s.kh+ky)*s.kw+kx])
			}
		})
		if residual != nil {
			sum += float64(residual[out.index(n, oy, ox, c)])
		}
		return clamp32(float32(sum), low, high)
	})
	return y
}

// convWeights packs the weights of the outputs from..from+n-1, whose inputs are
// each channels, for conv.
func convWeights(s sliding, w []float32, each, from, n int) []float32 {
	m := newMatrix(s.kh*s.kw*up4(each), n, n)
	for ky := range s.kh {
		for kx := range s.kw {
			for i := range each {
				for c := range n {
					m.set((ky*s.kw+kx)*up4(each)+i, c, w[(((from+c)*each+i)*s.kh+ky)*s.kw+kx])
				}
			}
		}
	}
	return packed(m)
}

// convArgs returns what does not depend on the group.
func convArgs(s sliding, in, out picture, each int) kernel.ConvArgs {
	a := kernel.ConvArgs{
		InH: uint32(in.h), InW: uint32(in.w), OutH: uint32(out.h), OutW: uint32(out.w), Pixel: uint32(4 * up4(each)), PixelStride: uint32(4 * in.stride),
		KernelH: uint32(s.kh), Runs: 1, RunPixels: uint32(s.kw), StrideH: uint32(s.sh), StrideW: uint32(s.sw),
		DilationH: uint32(s.dh), DilationW: uint32(s.dw), PadTop: uint32(s.top), PadLeft: uint32(s.left),
	}
	if s.dw > 1 || a.Pixel != a.PixelStride {
		a.Runs, a.RunPixels = a.RunPixels, 1
	}
	return a
}
