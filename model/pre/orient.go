package pre

// Orient returns the picture as it is meant to be seen, given the orientation
// 1 to 8 of its EXIF data (tag 0x0112). 1 and unknown values return img itself;
// the others return a new picture.
func Orient(img *Image, exif int) *Image {
	if exif < 2 || exif > 8 || img.check() != nil {
		return img
	}
	w, h := img.Width, img.Height
	out := &Image{Width: w, Height: h, Pix: make([]byte, len(img.Pix))}
	if exif >= 5 {
		out.Width, out.Height = h, w
	}
	// The pixel at (x, y) of the result is at start + x*dx + y*dy of the source.
	var start, dx, dy int
	last := w*h - 1
	switch exif {
	case 2: // mirrored left to right
		start, dx, dy = w-1, -1, w
	case 3: // turned by 180 degrees
		start, dx, dy = last, -1, -w
	case 4: // mirrored top to bottom
		start, dx, dy = w*(h-1), 1, -w
	case 5: // mirrored along the falling diagonal
		start, dx, dy = 0, w, 1
	case 6: // turn clockwise
		start, dx, dy = w*(h-1), -w, 1
	case 7: // mirrored along the rising diagonal
		start, dx, dy = last, -w, -1
	case 8: // turn counter-clockwise
		start, dx, dy = w-1, w, -1
	}
	i := 0
	for y := range out.Height {
		from := start + y*dy
		for range out.Width {
			copy(out.Pix[i:i+4], img.Pix[4*from:4*from+4])
			i += 4
			from += dx
		}
	}
	return out
}
