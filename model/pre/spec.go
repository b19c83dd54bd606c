package pre

import (
	"math"
	"strconv"
)

// ImageSpec says how a picture becomes a tensor. The steps are applied in the
// order of the fields: colour, resize, crop, normalize, layout.
type ImageSpec struct {
	Color     Color
	Layout    Layout
	Resize    Resize
	Crop      *Crop // nil keeps all of the resized picture
	Normalize Normalize
}

// Color says which channels the tensor has, and in which order.
type Color string

// The orders of channels. Gray is ITU-R 601 luma in Pillow's integer
// arithmetic, computed before the resize.
const (
	RGB  Color = "rgb"
	BGR  Color = "bgr"
	Gray Color = "gray"
)

// Layout is the order of the tensor's dimensions.
type Layout string

// The two layouts.
const (
	NCHW Layout = "nchw"
	NHWC Layout = "nhwc"
)

// Mode says how a picture of any size is brought to size.
type Mode string

const (
	// Stretch resizes to Width x Height and does not keep the aspect.
	Stretch Mode = "stretch"
	// Fit resizes to the largest size of the same aspect that fits into
	// Width x Height, centred on black (Pillow's ImageOps.pad, except that at
	// least one row or column stays of a very long picture).
	Fit Mode = "fit"
	// ShortestSide resizes so that the shorter side is Size and keeps the aspect
	// (torchvision's Resize(Size)); a Crop must follow.
	ShortestSide Mode = "shortest-side"
)

// Resize says how a picture is brought to size.
type Resize struct {
	Mode          Mode
	Width, Height int // for Stretch and Fit
	Size          int // for ShortestSide
	Filter        Filter
}

// Crop keeps Width x Height pixels around the centre.
type Crop struct {
	Width, Height int
}

// Normalize turns a byte v of channel c into (v/Divisor - Mean[c]) / Std[c],
// each step in float32.
type Normalize struct {
	Divisor   float64
	Mean, Std []float64
}

// SpecError says which field of an ImageSpec breaks its rules.
type SpecError struct{ Field, Reason string }

// Error returns field and reason.
func (e *SpecError) Error() string { return "pre: " + e.Field + ": " + e.Reason }

// maxSide bounds the sides of what is computed.
const maxSide = 8192

// Channels returns 1 or 3.
func (s *ImageSpec) Channels() int {
	if s.Color == Gray {
		return 1
	}
	return 3
}

// Size returns width and height of the prepared picture.
func (s *ImageSpec) Size() (w, h int) {
	if s.Crop != nil {
		return s.Crop.Width, s.Crop.Height
	}
	return s.Resize.Width, s.Resize.Height
}

func (s *ImageSpec) shape(w, h int) []int {
	if s.Layout == NHWC {
		return []int{1, h, w, s.Channels()}
	}
	return []int{1, s.Channels(), h, w}
}

// Check returns a *SpecError for the first field that breaks the rules.
func (s *ImageSpec) Check() error {
	bad := func(field, reason string) error { return &SpecError{field, reason} }
	switch {
	case s == nil:
		return bad("spec", "is missing")
	case s.Color != RGB && s.Color != BGR && s.Color != Gray:
		return bad("color", "want rgb, bgr or gray")
	case s.Layout != NCHW && s.Layout != NHWC:
		return bad("layout", "want nchw or nhwc")
	case s.Resize.Filter != Nearest && kernels[s.Resize.Filter].weight == nil:
		return bad("resize.filter", "unknown filter "+strconv.Quote(string(s.Resize.Filter)))
	}
	switch r := s.Resize; r.Mode {
	case Stretch, Fit:
		if !side(r.Width) || !side(r.Height) {
			return bad("resize", "want a width and height of 1 to 8192")
		}
		if s.Crop != nil && r.Mode == Fit {
			return bad("crop", "has no meaning for fit")
		}
		if c := s.Crop; c != nil && (c.Width > r.Width || c.Height > r.Height) {
			return bad("crop", "is larger than the resized picture")
		}
	case ShortestSide:
		if !side(r.Size) {
			return bad("resize.size", "want 1 to 8192")
		}
		if c := s.Crop; c == nil || c.Width > r.Size || c.Height > r.Size {
			return bad("crop", "want a crop that is not larger than resize.size")
		}
	default:
		return bad("resize.mode", "want stretch, fit or shortest-side")
	}
	if c := s.Crop; c != nil && (!side(c.Width) || !side(c.Height)) {
		return bad("crop", "want a width and height of 1 to 8192")
	}
	return s.Normalize.check(s.Channels())
}

func side(n int) bool { return n >= 1 && n <= maxSide }

func (n *Normalize) check(channels int) error {
	if !(n.Divisor > 0) || math.IsInf(n.Divisor, 0) {
		return &SpecError{"normalize.divisor", "want a number above 0"}
	}
	if len(n.Mean) != channels || len(n.Std) != channels {
		return &SpecError{"normalize", "want one mean and one std for each of " + strconv.Itoa(channels) + " channels"}
	}
	for c := range channels {
		if math.IsNaN(n.Mean[c]) || math.IsInf(n.Mean[c], 0) {
			return &SpecError{"normalize.mean", "want finite numbers"}
		}
		if !(n.Std[c] > 0) || math.IsInf(n.Std[c], 0) {
			return &SpecError{"normalize.std", "want numbers above 0"}
		}
	}
	return nil
}
