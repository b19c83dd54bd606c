//go:build js

package bridge

import (
	"fmt"

	"github.com/hack-pad/safejs"
)

// stripPixels bounds the canvas that a picture is read through. Hosts limit
// canvases (16 megapixels on some phones), and a strip at a time also keeps the
// peak of memory low.
const stripPixels = 4 << 20

// readBitmap returns the pixels of what a canvas can draw, strip by strip.
func readBitmap(bitmap safejs.Value) (Picture, error) {
	w, h := PictureSize(bitmap)
	if w <= 0 || h <= 0 {
		return Picture{}, &Error{Op: "picture", Message: fmt.Sprintf("the %s has no pixels: it was closed or given away", ClassName(bitmap))}
	}
	rows := min(h, max(1, stripPixels/w))
	c, err := newCanvas(w, rows)
	if err != nil {
		return Picture{}, wrap("picture", err)
	}
	defer c.release()
	pix := make([]byte, w*h*4)
	for y := 0; y < h; y += rows {
		n := min(rows, h-y)
		if err := c.read(bitmap, pix[y*w*4:(y+n)*w*4], y, n); err != nil {
			return Picture{}, wrap("picture", err)
		}
	}
	if err := restoreColour(bitmap, w, h, pix); err != nil {
		return Picture{}, err
	}
	return Picture{Width: w, Height: h, Pix: pix}, nil
}

// canvas reads one strip at a time.
type canvas struct {
	canvas, context safejs.Value
	width           int
}

func newCanvas(w, h int) (c canvas, err error) {
	c.width = w
	if c.canvas, err = class("OffscreenCanvas").New(w, h); err != nil {
		return c, err
	}
	// willReadFrequently keeps the canvas in main memory: no trip to the GPU, and
	// no rounding there.
	c.context, err = c.canvas.Call("getContext", "2d", map[string]any{"willReadFrequently": true, "colorSpace": "srgb"})
	if err == nil && c.context.IsNull() {
		err = &Error{Op: "picture", Message: "the host gives no 2d canvas"}
	}
	if err != nil {
		return c, err
	}
	// Draw replaces: what lies under a translucent picture must not shine through.
	return c, c.context.Set("globalCompositeOperation", "copy")
}

// read copies n rows of bitmap from row y on to pix.
func (c canvas) read(bitmap safejs.Value, pix []byte, y, n int) error {
	if _, err := c.context.Call("drawImage", bitmap, 0, -y); err != nil {
		return err
	}
	data, err := c.context.Call("getImageData", 0, 0, c.width, n)
	if err != nil {
		return err
	}
	bytes, err := data.Get("data")
	if err != nil {
		return err
	}
	return copyBytes("picture", pix, bytes)
}

// release frees the canvas's pixels at once.
func (c canvas) release() { _ = c.canvas.Set("width", 0) }
