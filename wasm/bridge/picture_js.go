//go:build js

package bridge

import (
	"context"
	"fmt"

	"github.com/hack-pad/safejs"
)

// Picture is pixels: rows from top to bottom, four bytes each (red, green, blue,
// alpha), not premultiplied, values as stored in the file.
type Picture struct {
	Width, Height int
	Pix           []byte
}

// File is an encoded picture for DecodePicture.
type File struct {
	Data safejs.Value // a Blob, an ArrayBuffer or a view of one
	// Lossless says that the file is a PNG that lies as it should be seen: then
	// the decoder of WebCodecs, where there is one, gives its pixels exactly and
	// at once.
	Lossless bool
	// MaxPixels bounds the decoded picture; 0 means no bound. A file whose header
	// tells its size is better refused before it is decoded.
	MaxPixels int
}

// SizeError reports a picture with too many pixels.
type SizeError struct{ Width, Height int }

// Error names the size.
func (e *SizeError) Error() string {
	return fmt.Sprintf("bridge: picture: %d x %d pixels are too many", e.Width, e.Height)
}

// DecodePicture decodes a file, turned as its EXIF orientation says. The host
// decides what it can decode; a name in its Error ("InvalidStateError",
// "EncodingError") says that it cannot.
//
// JPEGs never go through WebCodecs: it hands them out in YUV with halved colour,
// and the conversion to RGB differs by up to 84 of 255 from what every other
// decoder makes of the file.
func DecodePicture(ctx context.Context, f File) (Picture, error) {
	if f.Lossless && has("ImageDecoder") {
		if p, ok, err := decodeFrame(ctx, f.Data); ok || err != nil {
			return p, err
		}
	}
	bitmap, err := decodeBitmap(ctx, f.Data)
	if err != nil {
		return Picture{}, err
	}
	defer release(bitmap)
	if w, h := PictureSize(bitmap); f.MaxPixels > 0 && w*h > f.MaxPixels {
		return Picture{}, &SizeError{w, h}
	}
	return readBitmap(bitmap)
}

// ReadPicture returns the pixels of an ImageData, an ImageBitmap, an
// OffscreenCanvas or a VideoFrame. It does not close them.
func ReadPicture(v safejs.Value) (Picture, error) {
	if !Is(v, "ImageData") {
		return readBitmap(v)
	}
	w, h := PictureSize(v)
	data, err := v.Get("data")
	if err != nil {
		return Picture{}, wrap("picture", err)
	}
	if !Is(data, "Uint8ClampedArray") {
		return Picture{}, &Error{Op: "picture", Message: "the ImageData holds a " + ClassName(data) + ", not 8 bits a channel"}
	}
	pix := make([]byte, w*h*4)
	return Picture{Width: w, Height: h, Pix: pix}, copyBytes("picture", pix, data)
}

// IsPicture reports whether v is what ReadPicture reads.
func IsPicture(v safejs.Value) bool {
	return Is(v, "ImageData") || Is(v, "ImageBitmap") || Is(v, "OffscreenCanvas") || Is(v, "VideoFrame")
}

// PictureSize returns the size of what ReadPicture reads, without reading it.
func PictureSize(v safejs.Value) (width, height int) {
	if Is(v, "VideoFrame") {
		return integer(v, "displayWidth"), integer(v, "displayHeight")
	}
	return integer(v, "width"), integer(v, "height")
}

func decodeBitmap(ctx context.Context, data safejs.Value) (safejs.Value, error) {
	if !Is(data, "Blob") {
		var err error
		if data, err = class("Blob").New([]any{data}); err != nil {
			return data, wrap("decode", err)
		}
	}
	p, err := class("createImageBitmap").Invoke(data, map[string]any{
		"imageOrientation":     "from-image",
		"premultiplyAlpha":     "none",
		"colorSpaceConversion": "none",
	})
	if err != nil {
		return p, wrap("decode", err)
	}
	// Not bound to ctx: a bitmap that arrives late would wait for the garbage
	// collector with tens of megabytes.
	bitmap, err := Await(context.WithoutCancel(ctx), "decode", p)
	if err == nil && ctx.Err() != nil {
		release(bitmap)
		err = ctx.Err()
	}
	return bitmap, err
}

// release gives the memory of a bitmap, frame or decoder back at once.
func release(v safejs.Value) { _, _ = v.Call("close") }
