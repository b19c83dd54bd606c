package pre

import (
	"fmt"
	"math"
)

// Code says what is wrong with a picture file. Callers act on it, never on the
// text.
type Code string

// The kinds of picture errors.
const (
	// NotImage marks a file that is no picture.
	NotImage Code = "not-image"
	// Truncated marks a file whose end is missing.
	Truncated Code = "truncated"
	// Damaged marks a file that is complete but cannot be decoded.
	Damaged Code = "damaged"
	// Empty marks a file or picture without content.
	Empty Code = "empty"
	// TooLarge marks a picture with too many pixels.
	TooLarge Code = "too-large"
	// Unsupported marks a picture in a format that Larder does not read here.
	Unsupported Code = "unsupported"
)

// ImageError is what is wrong with a picture.
type ImageError struct {
	Code Code
	// Message is one or two whole sentences for the person who chose the file.
	Message string
	// Detail is for the developer; it may be empty.
	Detail string
}

// Error returns message and detail.
func (e *ImageError) Error() string {
	if e.Detail == "" {
		return e.Message
	}
	return e.Message + " (" + e.Detail + ")"
}

// longestSide bounds the sides of a picture. It is JPEG's own bound; beyond it
// the weights of a resize would need more memory than the picture.
const longestSide = 65535

// Fits returns a TooLarge error if the picture has more than maxPixels pixels
// or a side beyond 65535.
func (h Header) Fits(maxPixels int) error {
	if h.Width > longestSide || h.Height > longestSide {
		return &ImageError{TooLarge, fmt.Sprintf("The picture is %d x %d pixels; no side may be longer than %d. Make it smaller and try again.",
			h.Width, h.Height, longestSide), ""}
	}
	if int64(h.Width)*int64(h.Height) <= int64(maxPixels) {
		return nil
	}
	// The limit is rounded down, so that the two numbers never look equal.
	limit := math.Floor(float64(maxPixels)/1e5) / 10
	return &ImageError{
		Code: TooLarge,
		Message: fmt.Sprintf("The picture has %.1f megapixels; the limit is %.1f. Make it smaller and try again.",
			float64(h.Width)*float64(h.Height)/1e6, limit),
		Detail: fmt.Sprintf("%d x %d pixels", h.Width, h.Height),
	}
}

func truncated(detail string) error {
	return &ImageError{Truncated, "The picture is incomplete: the end of the file is missing. Get the whole file and try again.", detail}
}

func damaged(detail string) error {
	return &ImageError{Damaged, "The picture is damaged and cannot be read.", detail}
}
