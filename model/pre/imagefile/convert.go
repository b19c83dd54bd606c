package imagefile

import (
	"image"
	"image/color"

	"larder/model/pre"
)

// convert copies a decoded picture. A GIF's first picture may be smaller than
// its screen; the rest of the screen is black.
func convert(im image.Image, h pre.Header) *pre.Image {
	if y, ok := im.(*image.YCbCr); ok && h.Format == "jpeg" {
		if out, ok := convertJPEG(y); ok {
			return out
		}
	}
	b := im.Bounds()
	out := &pre.Image{Width: b.Dx(), Height: b.Dy()}
	x0, y0 := 0, 0
	if h.Format == "gif" {
		out.Width, out.Height = h.Width, h.Height
		x0, y0 = b.Min.X, b.Min.Y
	}
	out.Pix = make([]byte, 4*out.Width*out.Height)
	pixel := reader(im, h.Format)
	for y := range b.Dy() {
		row := out.Pix[4*((y0+y)*out.Width+x0):]
		for x := range b.Dx() {
			r, g, bl := pixel(b.Min.X+x, b.Min.Y+y)
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = r, g, bl, 0xff
		}
	}
	return out
}

// reader returns the function that reads one pixel of im without its alpha.
// The types are those that the decoders return; color.NRGBAModel does for any
// other, at the price of what premultiplication loses.
func reader(im image.Image, format string) func(x, y int) (r, g, b uint8) {
	toRGB := color.YCbCrToRGB
	if format == "webp" {
		toRGB = videoToRGB
	}
	switch im := im.(type) {
	case *image.YCbCr:
		return ycbcr(im, toRGB)
	case *image.NYCbCrA:
		return ycbcr(&im.YCbCr, toRGB)
	case *image.NRGBA:
		return packed(im.Pix, im.PixOffset, 1)
	case *image.RGBA: // opaque, as the decoders use it
		return packed(im.Pix, im.PixOffset, 1)
	case *image.NRGBA64:
		return packed(im.Pix, im.PixOffset, 2)
	case *image.RGBA64:
		return packed(im.Pix, im.PixOffset, 2)
	case *image.Gray:
		return gray(im.Pix, im.PixOffset)
	case *image.Gray16:
		return gray(im.Pix, im.PixOffset)
	case *image.Paletted:
		return paletted(im)
	}
	return func(x, y int) (r, g, b uint8) {
		c := color.NRGBAModel.Convert(im.At(x, y)).(color.NRGBA)
		return c.R, c.G, c.B
	}
}

func ycbcr(im *image.YCbCr, toRGB func(y, cb, cr uint8) (r, g, b uint8)) func(x, y int) (r, g, b uint8) {
	return func(x, y int) (r, g, b uint8) {
		c := im.COffset(x, y)
		return toRGB(im.Y[im.YOffset(x, y)], im.Cb[c], im.Cr[c])
	}
}

// videoToRGB converts colours of the range that WebP's lossy format uses: 16 to
// 235 for luma, 16 to 240 for chroma (RFC 6386, section 9.2; ITU-R 601). The
// image package takes all YCbCr for JPEG's full range, which greys everything.
func videoToRGB(y, cb, cr uint8) (r, g, b uint8) {
	const bits = 16
	const half = 1 << (bits - 1)
	l := (int32(y) - 16) * 76309 // 255/219 in 16-bit fixed point
	u, v := int32(cb)-128, int32(cr)-128
	clip := func(v int32) uint8 { return uint8(min(max((v+half)>>bits, 0), 255)) }
	return clip(l + v*104597), clip(l - u*25675 - v*53279), clip(l + u*132201)
}

// packed reads channels of width bytes each, the upper byte first.
func packed(pix []byte, offset func(x, y int) int, width int) func(x, y int) (r, g, b uint8) {
	return func(x, y int) (r, g, b uint8) {
		i := offset(x, y)
		return pix[i], pix[i+width], pix[i+2*width]
	}
}

func gray(pix []byte, offset func(x, y int) int) func(x, y int) (r, g, b uint8) {
	return func(x, y int) (r, g, b uint8) {
		v := pix[offset(x, y)]
		return v, v, v
	}
}

// paletted reads the palette once; indexes beyond it are black.
func paletted(im *image.Paletted) func(x, y int) (r, g, b uint8) {
	var table [256][3]uint8
	for i, c := range im.Palette[:min(len(im.Palette), 256)] {
		n, ok := c.(color.NRGBA)
		if !ok {
			n = color.NRGBAModel.Convert(c).(color.NRGBA)
		}
		table[i] = [3]uint8{n.R, n.G, n.B}
	}
	return func(x, y int) (r, g, b uint8) {
		t := table[im.Pix[im.PixOffset(x, y)]]
		return t[0], t[1], t[2]
	}
}
