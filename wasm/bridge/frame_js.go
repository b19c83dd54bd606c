//go:build js

package bridge

import (
	"context"
	"strings"

	"github.com/hack-pad/safejs"
)

// decodeFrame decodes a PNG by WebCodecs. It answers false, and the caller takes
// the other way, if the frame is not opaque RGB: WebCodecs hands out translucent
// pixels premultiplied, which loses bits of their colour.
func decodeFrame(ctx context.Context, data safejs.Value) (p Picture, ok bool, err error) {
	if Is(data, "Blob") {
		if data, err = call(ctx, "decode", data, "arrayBuffer"); err != nil {
			return p, false, err
		}
	}
	decoder, err := class("ImageDecoder").New(map[string]any{
		"data": data, "type": "image/png", "colorSpaceConversion": "none", "preferAnimation": false,
	})
	if err != nil {
		return p, false, wrap("decode", err)
	}
	defer release(decoder)
	// Not bound to ctx: a frame must be closed, also one that arrives late.
	result, err := call(context.WithoutCancel(ctx), "decode", decoder, "decode")
	if err != nil {
		return p, false, err
	}
	frame, err := result.Get("image")
	if err != nil {
		return p, false, wrap("decode", err)
	}
	defer release(frame)
	if ctx.Err() != nil {
		return p, false, ctx.Err()
	}
	if f := property(frame, "format"); !strings.HasSuffix(f, "X") {
		return p, false, nil // RGBX and BGRX are opaque; "" and all others are something else
	}
	return readFrame(ctx, frame)
}

func readFrame(ctx context.Context, frame safejs.Value) (p Picture, ok bool, err error) {
	p.Width, p.Height = PictureSize(frame)
	n := p.Width * p.Height * 4
	buffer, err := class("Uint8Array").New(n)
	if err != nil {
		return p, false, wrap("decode", err)
	}
	layout, err := call(context.WithoutCancel(ctx), "decode", frame, "copyTo", buffer, map[string]any{"format": "RGBA"})
	if err != nil {
		return p, false, nil // a host that does not convert
	}
	if plane, err := layout.Index(0); err != nil || integer(plane, "stride") != p.Width*4 || integer(plane, "offset") != 0 {
		return p, false, nil
	}
	p.Pix = make([]byte, n)
	err = copyBytes("decode", p.Pix, buffer)
	return p, err == nil, err
}
