//go:build js

package main

import (
	"context"
	"errors"

	"github.com/hack-pad/safejs"

	"larder/model/pre"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

// maxPictureFile bounds the file of a picture, which is read as a whole. A PNG of
// as many pixels as allowed that does not compress at all is a little larger.
const maxPictureFile = 160 << 20

// Picture implements host.
func (h *jsHost) Picture(ctx context.Context, input any) (*pre.Image, error) {
	v, ok := input.(safejs.Value)
	if ok && bridge.IsPicture(v) {
		return readPicture(v)
	}
	if !ok || !bridge.Is(v, "Blob") && !bridge.IsBytes(v) {
		return nil, fault(message.CodeUnsupportedInput,
			"%s is no picture: give a Blob, File, ArrayBuffer, ImageData, ImageBitmap, image or canvas", kind(input))
	}
	if n := bridge.ByteLength(v); n > maxPictureFile {
		return nil, fault(message.CodeUnsupportedInput, "the picture's file has %d MB; the limit is %d", n>>20, maxPictureFile>>20)
	}
	return decodeFile(ctx, v)
}

// readPicture takes pixels that the browser has decoded already.
func readPicture(v safejs.Value) (*pre.Image, error) {
	w, h := bridge.PictureSize(v)
	if w <= 0 || h <= 0 {
		return nil, fault(message.CodeInvalidInput, "the %s has no pixels: it was closed or given away", bridge.ClassName(v))
	}
	if err := (pre.Header{Width: w, Height: h}).Fits(pre.MaxPixels); err != nil {
		return nil, err
	}
	p, err := bridge.ReadPicture(v)
	if err != nil {
		return nil, fault(message.CodeInvalidInput, "the %s cannot be read: %v", bridge.ClassName(v), err)
	}
	return &pre.Image{Width: p.Width, Height: p.Height, Pix: p.Pix}, nil
}

// decodeFile looks at a file before the browser does: browsers draw half a
// picture without a word, and allocate for any size.
func decodeFile(ctx context.Context, v safejs.Value) (*pre.Image, error) {
	data, err := arrayOf(ctx, v)
	if err != nil {
		return nil, err
	}
	head, err := sniff(data)
	if err != nil {
		return nil, err
	}
	p, err := bridge.DecodePicture(ctx, bridge.File{
		Data: data.JSValue(), Lossless: head.Format == "png" && head.Orientation == 1, MaxPixels: pre.MaxPixels,
	})
	var large *bridge.SizeError
	var refused *bridge.Error
	switch {
	case errors.As(err, &large):
		return nil, pre.Header{Width: large.Width, Height: large.Height}.Fits(pre.MaxPixels)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &refused) && (head.Format == "heic" || head.Format == "avif"):
		return nil, &pre.ImageError{Code: pre.Unsupported, Detail: refused.Error(),
			Message: "This browser does not read " + head.Format + " pictures. Save it as JPEG or PNG and try again."}
	case errors.As(err, &refused):
		return nil, &pre.ImageError{Code: pre.Damaged, Detail: refused.Error(),
			Message: "The picture is damaged and cannot be read."}
	case err != nil:
		return nil, err
	}
	return &pre.Image{Width: p.Width, Height: p.Height, Pix: p.Pix}, nil
}

// sniff reads the header. The copy of the file is garbage as soon as it returns.
func sniff(data *bridge.Blob) (pre.Header, error) {
	b, err := data.Bytes()
	if err != nil {
		return pre.Header{}, err
	}
	return pre.Sniff(b)
}
