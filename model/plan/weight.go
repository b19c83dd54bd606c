package plan

import (
	"slices"
	"strconv"
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
	// pack moves all of the constant into its place.
	pack(p *packer) error
	// String is the same for recipes that do the same.
	String() string
}

// Bytes returns the size in memory.
func (w *Weight) Bytes() int { return w.recipe.floats() * floatBytes }

// Weights is the packed constants of a model, shared by all of its plans.
type Weights struct {
	items    map[weightKey][]*Weight
	end      int
	resident map[*tensor.Tensor]*tensor.Tensor // of constants that host steps read
}

// label is kind and then numbers as %v writes them. All weights of a model go through here
// before its first run, so this is not left to package fmt.
func label(kind string, numbers ...int) string {
	return string(append(labelled(kind, numbers), ']'))
}

func labelled(kind string, numbers []int) []byte {
	text := append(make([]byte, 0, 48), kind...)
	for i, n := range numbers {
		separator := byte(' ')
		if i == 0 {
			separator = '['
		}
		text = strconv.AppendInt(append(text, separator), int64(n), 10)
	}
	return text
}

// weightKey finds a weight. The value is that of the graph; nil for zeros.
type weightKey struct {
	value  *graph.Value
	recipe string
}

// NewWeights returns an empty set; the first weight will be at start.
func NewWeights(start int) *Weights {
	return &Weights{map[weightKey][]*Weight{}, alignUp(start), map[*tensor.Tensor]*tensor.Tensor{}}
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

// hold returns a constant with its elements, read once for all plans.
func (w *Weights) hold(t *tensor.Tensor) *tensor.Tensor {
	if t == nil || t.Source() == nil {
		return t
	}
	if w.resident[t] == nil {
		w.resident[t] = t.Resident()
	}
	return w.resident[t]
}

// sameElements reports whether two constants have the same type and elements; large ones
// were not computed for shapes, and are compared by identity.
func sameElements(a, b *tensor.Tensor) bool {
	if a == nil || b == nil || a.DType() != b.DType() || a.Source() != nil || b.Source() != nil {
		return false
	}
	if a.DType() == tensor.Int16 {
		return slices.Equal(tensor.Data[int16](a), tensor.Data[int16](b))
	}
	return a.DType() == tensor.Float32 && slices.Equal(tensor.Data[float32](a), tensor.Data[float32](b))
}

// shortsOf returns the memory of floats as 16-bit integers.
func shortsOf(floats []float32) []int16 {
	return unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(floats))), 2*len(floats))
}

// bytesOf returns the memory of floats as bytes.
func bytesOf(floats []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(floats))), floatBytes*len(floats))
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

func (p panels) pack(m *packer) error {
	if !p.transposed {
		return p.packRows(m)
	}
	return m.panels(p.n, p.kPad, func(to []float32, first, count int) error {
		from, err := m.read(first*p.k, count*p.k)
		if err != nil {
			return err
		}
		for j := 0; j < count; j += panelCols {
			dst := to[j*p.kPad:]
			if count-j >= panelCols && p.scale == 1 {
				interleave(dst, from[j*p.k:], p.k)
				continue
			}
			for c := range min(panelCols, count-j) {
				for k, v := range from[(j+c)*p.k:][:p.k] {
					dst[k*panelCols+c] = v * p.scale
				}
			}
		}
		return nil
	})
}

// interleave writes a panel of eight columns that lie one behind the other, k elements each:
// most of the time of a load goes by here.
func interleave(to, from []float32, k int) {
	c0, c1, c2, c3 := from[:k], from[k:][:k], from[2*k:][:k], from[3*k:][:k]
	c4, c5, c6, c7 := from[4*k:][:k], from[5*k:][:k], from[6*k:][:k], from[7*k:][:k]
	for i := range k {
		row := (*[panelCols]float32)(to[i*panelCols:])
		row[0], row[1], row[2], row[3] = c0[i], c1[i], c2[i], c3[i]
		row[4], row[5], row[6], row[7] = c4[i], c5[i], c6[i], c7[i]
	}
}

// packRows packs [k][n], some rows at a time: of each panel a part.
func (p panels) packRows(m *packer) error {
	rows := max(1, blockFloats/p.n)
	for k := 0; k < p.kPad; k += rows {
		end := min(k+rows, p.kPad)
		from, err := m.read(k*p.n, max(0, min(end, p.k)-k)*p.n)
		if err != nil {
			return err
		}
		for j := 0; j < p.n; j += panelCols {
			to := m.blank((end - k) * panelCols)
			cols := min(panelCols, p.n-j)
			for r := range len(from) / p.n {
				for c, v := range from[r*p.n+j:][:cols] {
					to[r*panelCols+c] = v * p.scale
				}
			}
			if err := m.to(j*p.kPad+k*panelCols, to); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p panels) String() string {
	text := append(labelled("panels", []int{p.k, p.kPad, p.n}), ' ')
	text = append(strconv.AppendBool(text, p.transposed), ' ')
	return string(append(strconv.AppendFloat(text, float64(p.scale), 'g', -1, 32), ']'))
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

func (w windows) pack(m *packer) error {
	stride := lanesUp(w.in * w.merged)
	each := w.in * w.taps
	return m.panels(w.count, w.rows(), func(to []float32, first, count int) error {
		from, err := m.read((w.first+first)*each, count*each)
		if err != nil {
			return err
		}
		for j := range count {
			seen := (first + j) / (w.count / w.merged) * w.in // the first input channel of its group
			dst := to[j/panelCols*w.rows()*panelCols+j%panelCols:]
			src := from[j*each:]
			for t := range w.taps {
				for i := range w.in {
					dst[(t*stride+seen+i)*panelCols] = src[i*w.taps+t]
				}
			}
		}
		return nil
	})
}

func (w windows) String() string {
	return label("windows", w.first, w.count, w.in, w.taps, w.merged)
}

// taps is the weights of a depthwise convolution [channel][tap]: for each tap
// the channels of a pixel.
type taps struct{ channels, taps int }

func (t taps) floats() int { return t.taps * lanesUp(t.channels) }

func (t taps) pack(m *packer) error {
	return m.whole(t, t.channels*t.taps, func(to, from []float32) {
		stride := lanesUp(t.channels)
		for c := range t.channels {
			for k := range t.taps {
				to[k*stride+c] = from[c*t.taps+k]
			}
		}
	})
}

func (t taps) String() string { return label("taps", t.channels, t.taps) }

// vector is n floats and zeros up to a whole panel; a constant of one element
// is repeated.
type vector struct{ n int }

func (v vector) floats() int { return (v.n + panelCols - 1) / panelCols * panelCols }

func (v vector) pack(m *packer) error {
	return m.whole(v, m.from.Len(), func(to, from []float32) {
		for i := range v.n {
			to[i] = from[i%len(from)]
		}
	})
}

func (v vector) String() string { return "vector" + strconv.Itoa(v.n) }

// stored is a whole constant in one of the layouts of values.
type stored struct {
	shape  tensor.Shape
	layout Layout
}

func (s stored) floats() int { return s.layout.floats(s.shape) }

func (s stored) pack(m *packer) error {
	g := gridOf(s.layout, s.shape)
	switch s.layout {
	case Plain:
		return m.rows(1, s.floats(), 1)
	case Rows:
		return m.rows(g.length, g.count, g.stride())
	}
	return m.whole(s, g.length*g.count, func(to, from []float32) { s.layout.store(to, from, s.shape) })
}

func (s stored) String() string { return s.layout.String() + s.shape.String() }

// zeros is n zeros, rounded up to a whole panel.
type zeros int

func (z zeros) floats() int          { return (int(z) + panelCols - 1) / panelCols * panelCols }
func (z zeros) pack(m *packer) error { return m.to(0, m.blank(z.floats())) }
func (z zeros) String() string       { return "zeros" + strconv.Itoa(int(z)) }
