package plan

import (
	"cmp"
	"slices"

	"larder/model/tensor"
)

// blockFloats is about how many elements of a constant are moved at a time, so
// that a large constant is never in Go's heap as a whole.
const blockFloats = 64 << 10

// Store moves the weights of a plan into memory, constant by constant in the
// order of the file that they are in. The slice that write gets is used again.
func (p *Plan) Store(write func(at int, part []float32) error) error {
	slices.SortStableFunc(p.Weights, func(a, b *Weight) int { return cmp.Compare(position(a.Source), position(b.Source)) })
	m := &packer{}
	for _, w := range p.Weights {
		m.room = max(m.room, min(blockFloats, w.recipe.floats()))
	}
	for _, w := range p.Weights {
		m.from = w.Source
		m.to = func(at int, part []float32) error { return write(w.Offset+at*floatBytes, part) }
		if err := m.store(w); err != nil {
			return err
		}
	}
	p.Weights = nil
	return nil
}

// Form names the order of a weight's elements, for a file that holds them so; "" if
// they are better made of the constant when it is loaded: filters take four times
// the room, and integers are few.
func (w *Weight) Form() string {
	switch r := w.recipe.(type) {
	case panels:
		if r.scale != 1 {
			return ""
		}
	case windows, taps:
	default:
		return ""
	}
	return w.recipe.String()
}

// Pack writes a weight as it will be in memory, in pieces, to offsets in bytes from
// its beginning. The slice that write gets is used again.
func (w *Weight) Pack(write func(at int, part []float32) error) error {
	m := &packer{from: w.Source, to: func(at int, part []float32) error { return write(at*floatBytes, part) }}
	return m.store(w)
}

func position(t *tensor.Tensor) int64 {
	if t == nil || t.Source() == nil {
		return -1
	}
	return t.Source().Position()
}

// packer moves one constant into memory, piece by piece through two buffers.
type packer struct {
	from    *tensor.Tensor // nil for zeros
	to      func(at int, part []float32) error
	in, out []float32
	// room is what both are made for, so that no smaller ones are made before.
	room int
}

func (m *packer) store(w *Weight) error {
	if w.Source != nil {
		if src, ok := w.Source.Source().(tensor.PackedSource); ok {
			if packed, n := src.Packed(w.Form()); packed != nil && n == w.recipe.floats() {
				return m.copy(packed, n)
			}
		}
		if _, ok := w.Source.Source().(tensor.FloatSource); !ok {
			m.from = w.Source.Resident() // computed as a whole, so once
		}
	}
	return w.recipe.pack(m)
}

// copy moves n floats that are in order already.
func (m *packer) copy(from tensor.FloatSource, n int) error {
	for at := 0; at < n; at += blockFloats {
		m.out = m.resized(m.out, min(blockFloats, n-at))
		if err := from.Floats(m.out, at); err != nil {
			return &tensor.LoadError{Tensor: m.from.String(), Err: err}
		}
		if err := m.to(at, m.out); err != nil {
			return err
		}
	}
	return nil
}

// read returns n elements of the constant, until the next read.
func (m *packer) read(at, n int) ([]float32, error) {
	if m.in = m.resized(m.in, n); n == 0 {
		return nil, nil
	}
	return m.in, m.from.Floats(m.in, at)
}

// blank returns zeros to be written, until the next blank.
func (m *packer) blank(n int) []float32 {
	m.out = m.resized(m.out, n)
	clear(m.out)
	return m.out
}

func (m *packer) resized(s []float32, n int) []float32 {
	if cap(s) < n {
		s = make([]float32, max(n, m.room))
	}
	return s[:n]
}

// panels packs n columns of rows each: fill makes whole panels of those from first
// on.
func (m *packer) panels(n, rows int, fill func(to []float32, first, count int) error) error {
	step := max(1, blockFloats/max(1, rows*panelCols)) * panelCols
	for j := 0; j < n; j += step {
		count := min(step, n-j)
		to := m.blank((count + panelCols - 1) / panelCols * panelCols * rows)
		if err := fill(to, j, count); err != nil {
			return err
		}
		if err := m.to(j*rows, to); err != nil {
			return err
		}
	}
	return nil
}

// rows moves count rows that are length elements apart before, stride after.
func (m *packer) rows(length, count, stride int) error {
	step := max(1, blockFloats/stride)
	for r := 0; r < count; r += step {
		n := min(step, count-r)
		from, err := m.read(r*length, n*length)
		if err != nil {
			return err
		}
		to := from
		if length != stride {
			to = m.blank(n * stride)
			for i := range n {
				copy(to[i*stride:], from[i*length:(i+1)*length])
			}
		}
		if err := m.to(r*stride, to); err != nil {
			return err
		}
	}
	return nil
}

// whole packs n elements at once.
func (m *packer) whole(r recipe, n int, fill func(to, from []float32)) error {
	from, err := m.read(0, n)
	if err != nil {
		return err
	}
	to := m.blank(r.floats())
	fill(to, from)
	return m.to(0, to)
}

// wholeShorts packs a constant of 16-bit integers at once.
func (m *packer) wholeShorts(r recipe, fill func(to, from []int16)) error {
	to := m.blank(r.floats())
	fill(shortsOf(to), tensor.Data[int16](m.from))
	return m.to(0, to)
}
