package plan

import (
	"fmt"
	"slices"
	"unsafe"

	"larder/model/graph"
	"larder/model/tensor"
)

// Weight is a constant in the form in which a kernel reads it.
type Weight struct {
	// Offset is its address.
	Offset int
	// Source is the constant; nil once it has been stored and let go.
	Source *tensor.Tensor
	recipe recipe
}

// recipe says how the elements of a constant are arranged.
type recipe interface {
	// floats is the size of the result.
	floats() int
	// pack writes the result; to holds zeros.
	pack(to, from []float32)
	// String is the same for recipes that do the same.
	String() string
}

// Bytes returns the size in memory.
func (w *Weight) Bytes() int { return w.recipe.floats() * floatBytes }

// Pack returns the packed elements.
func (w *Weight) Pack() []float32 {
	to := make([]float32, w.recipe.floats())
	var from []float32
	switch {
	case w.Source == nil:
	case w.Source.DType() == tensor.Int16:
		shorts := tensor.Data[int16](w.Source)
		from = make([]float32, (len(shorts)+1)/2)
		copy(shortsOf(from), shorts)
	default:
		from = tensor.Data[float32](w.Source)
	}
	w.recipe.pack(to, from)
	return to
}

// Weights is the packed constants of a model, shared by all of its plans.
type Weights struct {
	items map[weightKey][]*Weight
	end   int
}

// weightKey finds a weight. The value is that of the graph; nil for zeros.
type weightKey struct {
	value  *graph.Value
	recipe string
}

// NewWeights returns an empty set; the first weight will be at start.
func NewWeights(start int) *Weights {
	return &Weights{map[weightKey][]*Weight{}, alignUp(start)}
}

// End returns the address behind all weights.
func (w *Weights) End() int { return w.end }

// add returns the weight and whether it is new. A value may have different
// elements for different input shapes.
func (w *Weights) add(v *graph.Value, source *tensor.Tensor, r recipe) (*Weight, bool) {
	k := weightKey{v, r.String()}
	for _, have := range w.items[k] {
		if have.Source == source || sameElements(have.Source, source) {
			return have, false
		}
	}
	n := &Weight{Offset: w.end, Source: source, recipe: r}
	w.items[k] = append(w.items[k], n)
	w.end = alignUp(w.end + n.Bytes())
	return n, true
}

// sameElements reports whether two constants have the same type and elements.
func sameElements(a, b *tensor.Tensor) bool {
	if a == nil || b == nil || a.DType() != b.DType() {
		return false
	}
	if a.DType() == tensor.Int16 {
		return slices.Equal(tensor.Data[int16](a), tensor.Data[int16](b))
	}
	return slices.Equal(tensor.Data[float32](a), tensor.Data[float32](b))
}

// shortsOf returns the memory of floats as 16-bit integers.
func shortsOf(floats []float32) []int16 {
	return unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(floats))), 2*len(floats))
}

// panelCols is the number of columns in a panel.
const panelCols = 8

// panels is a matrix of k rows and n columns cut into panels of 8 columns:
// [panel][row][8]. kPad rows are written.
type panels struct {
	k, kPad, n int
	transposed bool // the constant is [n][k]
	scale      float32
}

func (p panels) floats() int { return (p.n + panelCols - 1) / panelCols * panelCols * p.kPad }

func (p panels) pack(to, from []float32) {
	for j := range p.n {
		dst := to[j/panelCols*p.kPad*panelCols+j%panelCols:]
		for k := range p.k {
			at := k*p.n + j
			if p.transposed {
				at = j*p.k + k
			}
			dst[k*panelCols] = from[at] * p.scale
		}
	}
}

func (p panels) String() string {
	return fmt.Sprintf("panels%v", [...]any{p.k, p.kPad, p.n, p.transposed, p.scale})
}

// windows is the weights of a convolution [out][in][window] as panels, the
// rows in the order of a gathered patch: [window][in rounded up]. It has the
// output channels first .. first+count-1, which are merged groups of their own:
// each sees in channels of the merged*in that are gathered.
type windows struct{ first, count, in, taps, merged int }

func (w windows) rows() int { return w.taps * lanesUp(w.in*w.merged) }

func (w windows) floats() int {
	return (w.count + panelCols - 1) / panelCols * panelCols * w.rows()
}

func (w windows) pack(to, from []float32) {
	stride := lanesUp(w.in * w.merged)
	for j := range w.count {
		seen := j / (w.count / w.merged) * w.in // the first input channel of its group
		dst := to[j/panelCols*w.rows()*panelCols+j%panelCols:]
		src := from[(w.first+j)*w.in*w.taps:]
		for t := range w.taps {
			for i := range w.in {
				dst[(t*stride+seen+i)*panelCols] = src[i*w.taps+t]
			}
		}
	}
}

func (w windows) String() string {
	return fmt.Sprintf("windows%v", [...]int{w.first, w.count, w.in, w.taps, w.merged})
}

// taps is the weights of a depthwise convolution [channel][tap]: for each tap
// the channels of a pixel.
type taps struct{ channels, taps int }

func (t taps) floats() int { return t.taps * lanesUp(t.channels) }

func (t taps) pack(to, from []float32) {
	stride := lanesUp(t.channels)
	for c := range t.channels {
		for k := range t.taps {
			to[k*stride+c] = from[c*t.taps+k]
		}
	}
}

func (t taps) String() string { return fmt.Sprintf("taps%v", [...]int{t.channels, t.taps}) }

// vector is n floats and zeros up to a whole panel; a constant of one element
// is repeated.
type vector struct{ n int }

func (v vector) floats() int { return (v.n + panelCols - 1) / panelCols * panelCols }

func (v vector) pack(to, from []float32) {
	for i := range v.n {
		to[i] = from[i%len(from)]
	}
}

func (v vector) String() string { return fmt.Sprintf("vector%d", v.n) }

// stored is a whole constant in one of the layouts of values.
type stored struct {
	shape  tensor.Shape
	layout Layout
}

func (s stored) floats() int             { return s.layout.floats(s.shape) }
func (s stored) pack(to, from []float32) { s.layout.store(to, from, s.shape) }
func (s stored) String() string          { return fmt.Sprintf("%v%v", s.layout, s.shape) }

// zeros is n zeros, rounded up to a whole panel.
type zeros int

func (z zeros) floats() int             { return (int(z) + panelCols - 1) / panelCols * panelCols }
func (z zeros) pack(to, from []float32) {}
func (z zeros) String() string          { return fmt.Sprintf("zeros%d", int(z)) }
