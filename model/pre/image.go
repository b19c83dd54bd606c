package pre

import "larder/model/tensor"

// MaxPixels is the most pixels that a picture may have: 33.5 megapixels, which
// are 134 MB once decoded.
const MaxPixels = 32 << 20

// Image is a decoded picture.
type Image struct {
	Width, Height int
	// Pix holds the rows from the top, 4 bytes a pixel: red, green, blue, alpha,
	// not premultiplied, sRGB values as stored. Alpha is ignored.
	Pix []byte
}

// check returns an *ImageError if the fields do not fit together.
func (im *Image) check() error {
	if im == nil || im.Width < 1 || im.Height < 1 {
		return &ImageError{Code: Empty, Message: "The picture has no pixels."}
	}
	if err := (Header{Width: im.Width, Height: im.Height}).Fits(MaxPixels); err != nil {
		return err
	}
	if len(im.Pix) != 4*im.Width*im.Height {
		return &ImageError{Code: Damaged, Message: "The picture is damaged.", Detail: "number of bytes is not 4 x width x height"}
	}
	return nil
}

// Preprocess prepares a picture as spec says and returns a float32 tensor with
// one picture, [1 C H W] or [1 H W C]. It does not change img. It returns an
// *ImageError for a picture that cannot be right and a *SpecError for a spec
// that breaks its rules.
func Preprocess(img *Image, spec *ImageSpec) (*tensor.Tensor, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	if err := img.check(); err != nil {
		return nil, err
	}
	w, h := spec.Size()
	return tensor.Of(normalize(resize(img, spec), spec), spec.shape(w, h)...)
}
