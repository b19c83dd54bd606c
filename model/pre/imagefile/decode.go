package imagefile

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"larder/model/pre"
)

// decoders lists the formats. gif.Decode stops after the first picture.
var decoders = map[string]func(io.Reader) (image.Image, error){
	"jpeg": jpeg.Decode,
	"png":  png.Decode,
	"gif":  gif.Decode,
	"webp": webp.Decode,
}

// Decode decodes a picture file: the whole of it in memory, oriented as its
// EXIF data says, alpha dropped (the colour under it stays), 16-bit channels
// cut to their upper byte. It returns a *pre.ImageError for everything that is
// wrong with the file.
func Decode(b []byte) (*pre.Image, error) {
	return DecodeLimit(b, pre.MaxPixels)
}

// DecodeLimit is Decode for at most maxPixels pixels, for programs with little
// memory; a decoder may need up to 16 bytes a pixel.
func DecodeLimit(b []byte, maxPixels int) (*pre.Image, error) {
	h, err := pre.Sniff(b)
	if err != nil {
		return nil, err
	}
	if err := h.Fits(maxPixels); err != nil {
		return nil, err
	}
	decode := decoders[h.Format]
	if decode == nil {
		return nil, unsupported(h.Format, "no decoder")
	}
	im, err := decode(bytes.NewReader(b))
	if err != nil {
		return nil, explain(h, err)
	}
	// The decoder reads the size itself; trust only what both agree on.
	if err := (pre.Header{Width: im.Bounds().Dx(), Height: im.Bounds().Dy()}).Fits(maxPixels); err != nil {
		return nil, err
	}
	img := convert(im, h)
	return pre.Orient(img, h.Orientation), nil
}

// explain turns a decoder's error into one for people.
func explain(h pre.Header, err error) error {
	var noJPEG jpeg.UnsupportedError
	var noPNG png.UnsupportedError
	switch {
	case errors.As(err, &noJPEG), errors.As(err, &noPNG):
		return unsupported(h.Format, err.Error())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &pre.ImageError{Code: pre.Truncated, Message: "The picture is incomplete: a part of the file is missing. Get the whole file and try again.", Detail: err.Error()}
	}
	return &pre.ImageError{Code: pre.Damaged, Message: "The picture is damaged and cannot be read.", Detail: err.Error()}
}

func unsupported(format, detail string) error {
	return &pre.ImageError{
		Code:    pre.Unsupported,
		Message: fmt.Sprintf("This kind of picture (%s) cannot be read here. Save it as JPEG or PNG and try again.", format),
		Detail:  detail,
	}
}
