package imagefile

import (
	"image"

	"larder/model/pre"
)

// JPEG stores colour at half the resolution, usually. Browsers and Pillow
// (libjpeg) spread it with a triangle filter, the image package repeats it.
// Near edges of strong colour that makes enough difference to move a model's
// answer, so colour is spread here as libjpeg does: each sample is 3/4 of the
// nearer and 1/4 of the farther neighbour, in each direction that is halved.

// jpegRows converts a JPEG's pixels row by row.
type jpegRows struct {
	im           *image.YCbCr
	width        int // of the picture
	columns      int // of the colour planes
	rows         int
	wide, tall   bool // the colour planes have half the width, half the height
	cb, cr, sums []int32
}

// convertJPEG returns the picture, or false if its colour is stored in an
// uncommon resolution, which the general way converts.
func convertJPEG(im *image.YCbCr) (*pre.Image, bool) {
	w, h := im.Rect.Dx(), im.Rect.Dy()
	r := &jpegRows{im: im, width: w, columns: w, rows: h}
	switch im.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
	case image.YCbCrSubsampleRatio422:
		r.wide, r.columns = true, (w+1)/2
	case image.YCbCrSubsampleRatio440:
		r.tall, r.rows = true, (h+1)/2
	case image.YCbCrSubsampleRatio420:
		r.wide, r.columns = true, (w+1)/2
		r.tall, r.rows = true, (h+1)/2
	default:
		return nil, false
	}
	// libjpeg leaves very narrow pictures to repetition, as the general way does.
	if im.Rect.Min != (image.Point{}) || r.wide && r.columns <= 2 {
		return nil, false
	}
	r.sums = make([]int32, r.columns)
	r.cb, r.cr = make([]int32, 2*r.columns), make([]int32, 2*r.columns)
	out := &pre.Image{Width: w, Height: h, Pix: make([]byte, 4*w*h)}
	for y := range h {
		r.spread(r.cb, im.Cb, y)
		r.spread(r.cr, im.Cr, y)
		luma := im.Y[y*im.YStride:][:w]
		row := out.Pix[4*y*w:][:4*w]
		for x, l := range luma {
			row[4*x], row[4*x+1], row[4*x+2] = fullToRGB(int32(l), r.cb[x]-128, r.cr[x]-128)
			row[4*x+3] = 0xff
		}
	}
	return out, true
}

// spread computes row y of one colour plane at full width.
func (r *jpegRows) spread(dst []int32, plane []byte, y int) {
	stride := r.im.CStride
	if !r.tall {
		for i, v := range plane[y*stride:][:r.columns] {
			r.sums[i] = int32(v)
		}
		if r.wide {
			spreadWide(dst, r.sums, 1, 2, 2)
		} else {
			copy(dst, r.sums)
		}
		return
	}
	// Even rows lean on the row above, odd ones on the row below; at the border
	// a row is its own neighbour.
	near := y / 2
	far := max(near-1, 0)
	if y&1 == 1 {
		far = min(near+1, r.rows-1)
	}
	a, b := plane[near*stride:][:r.columns], plane[far*stride:][:r.columns]
	for i := range r.sums {
		r.sums[i] = 3*int32(a[i]) + int32(b[i])
	}
	if r.wide {
		spreadWide(dst, r.sums, 8, 7, 4)
		return
	}
	// One direction only: round down in even rows and up in odd ones.
	bias := int32(1 + y&1)
	for i, v := range r.sums {
		dst[i] = (v + bias) >> 2
	}
}

// spreadWide doubles a row; left and right are the rounding of the two samples
// that come of one, which alternates so that errors cancel.
func spreadWide(dst, src []int32, left, right int32, shift int) {
	last := len(src) - 1
	for i, v := range src {
		dst[2*i] = (3*v + src[max(i-1, 0)] + left) >> shift
		dst[2*i+1] = (3*v + src[min(i+1, last)] + right) >> shift
	}
}

// fullToRGB converts colours of JPEG's full range (JFIF 1.02, page 3) in 16-bit
// fixed point; u and v are centred on 0.
func fullToRGB(y, u, v int32) (r, g, b uint8) {
	const half = 1 << 15
	clip := func(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
	return clip(y + (91881*v+half)>>16), clip(y + (-22554*u-46802*v+half)>>16), clip(y + (116130*u+half)>>16)
}
