package pre

// rowReader delivers a picture's rows in the channels of a Color. The slice
// that read returns is valid until the next call.
type rowReader struct {
	img   *Image
	color Color
	buf   []byte
}

func newRowReader(img *Image, color Color) *rowReader {
	r := &rowReader{img: img, color: color}
	switch color {
	case BGR:
		r.buf = make([]byte, 4*img.Width)
	case Gray:
		r.buf = make([]byte, img.Width)
	}
	return r
}

// read returns row y and the bytes from one pixel to the next: 1 for gray, else
// 4, of which the first three count.
func (r *rowReader) read(y int) (row []byte, step int) {
	src := r.img.Pix[4*r.img.Width*y:][:4*r.img.Width]
	switch r.color {
	case BGR:
		for i := 0; i < len(src); i += 4 {
			r.buf[i], r.buf[i+1], r.buf[i+2] = src[i+2], src[i+1], src[i]
		}
		return r.buf, 4
	case Gray:
		for i := range r.buf {
			r.buf[i] = luma(src[4*i], src[4*i+1], src[4*i+2])
		}
		return r.buf, 1
	}
	return src, 4
}

// luma is 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point (ITU-R 601), with
// the constants and the rounding of Pillow's convert("L").
func luma(r, g, b byte) byte {
	return byte((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}
