//go:build js

package bridge

import (
	"github.com/hack-pad/safejs"
)

// restoreColour corrects the pixels that a 2d canvas has damaged: it keeps
// translucent pixels premultiplied in 8 bits, so that colour under little alpha
// is coarse, and under none is black. A model that was trained on the colours as
// stored sees another picture then. WebGL hands the bitmap through unchanged.
//
// Where there is no WebGL the pixels stay as they are: the picture looks the same.
func restoreColour(bitmap safejs.Value, w, h int, pix []byte) error {
	if opaque(pix) || !Is(bitmap, "ImageBitmap") {
		return nil
	}
	g, err := newTexture(bitmap)
	if err != nil {
		return nil
	}
	defer g.release()
	rows := min(h, max(1, stripPixels/w))
	buffer, err := class("Uint8Array").New(w * rows * 4)
	if err != nil {
		return wrap("picture", err)
	}
	exact := make([]byte, w*rows*4)
	for y := 0; y < h; y += rows {
		n := min(rows, h-y)
		if err := g.read(buffer, y, w, n); err != nil {
			return nil
		}
		if err := copyBytes("picture", exact, buffer); err != nil {
			return err
		}
		restore(pix[y*w*4:(y+n)*w*4], exact)
	}
	return nil
}

// restore takes over the colours of translucent pixels where alpha agrees.
func restore(pix, exact []byte) {
	for i := 0; i < len(pix); i += 4 {
		if pix[i+3] != 255 && pix[i+3] == exact[i+3] {
			copy(pix[i:i+3], exact[i:i+3])
		}
	}
}

func opaque(pix []byte) bool {
	for i := 3; i < len(pix); i += 4 {
		if pix[i] != 255 {
			return false
		}
	}
	return true
}

// texture is a bitmap in WebGL, readable through a framebuffer.
type texture struct{ canvas, gl safejs.Value }

// The numbers of WebGL's constants; https://registry.khronos.org/webgl/specs/latest/1.0/.
const (
	glTexture2D           = 0x0DE1
	glRGBA                = 0x1908
	glUnsignedByte        = 0x1401
	glFramebuffer         = 0x8D40
	glColorAttachment0    = 0x8CE0
	glFramebufferComplete = 0x8CD5
	glColorspaceBrowser   = 0x9243 // UNPACK_COLORSPACE_CONVERSION_WEBGL
)

func newTexture(bitmap safejs.Value) (g texture, err error) {
	if g.canvas, err = class("OffscreenCanvas").New(1, 1); err != nil {
		return g, err
	}
	g.gl, err = g.canvas.Call("getContext", "webgl")
	if err != nil || g.gl.IsNull() {
		return g, &Error{Op: "picture", Message: "the host gives no WebGL"}
	}
	tex, err := g.gl.Call("createTexture")
	if err != nil {
		return g, err
	}
	frame, err := g.gl.Call("createFramebuffer")
	if err != nil {
		return g, err
	}
	steps := []struct {
		method string
		args   []any
	}{
		{"pixelStorei", []any{glColorspaceBrowser, 0}},
		{"bindTexture", []any{glTexture2D, tex}},
		{"texImage2D", []any{glTexture2D, 0, glRGBA, glRGBA, glUnsignedByte, bitmap}},
		{"bindFramebuffer", []any{glFramebuffer, frame}},
		{"framebufferTexture2D", []any{glFramebuffer, glColorAttachment0, glTexture2D, tex, 0}},
	}
	for _, s := range steps {
		if _, err := g.gl.Call(s.method, s.args...); err != nil {
			g.release()
			return g, err
		}
	}
	status, err := g.gl.Call("checkFramebufferStatus", glFramebuffer)
	if n, e := status.Int(); err != nil || e != nil || n != glFramebufferComplete {
		g.release()
		return g, &Error{Op: "picture", Message: "the picture is too large for WebGL"}
	}
	return g, nil
}

// read copies n rows from row y on to buffer. The first row of a texture is the
// first row of its bitmap, so nothing is upside down.
func (g texture) read(buffer safejs.Value, y, w, n int) error {
	_, err := g.gl.Call("readPixels", 0, y, w, n, glRGBA, glUnsignedByte, buffer)
	return err
}

// release frees the texture at once: hosts allow only a few contexts.
func (g texture) release() {
	ext, err := g.gl.Call("getExtension", "WEBGL_lose_context")
	if err == nil && kindOf(ext) == safejs.TypeObject {
		_, _ = ext.Call("loseContext")
	}
}
