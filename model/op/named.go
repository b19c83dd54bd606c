package op

import (
	"math"

	"larder/model/tensor"
)

// named holds sizes that several inputs of an operator share, by the letter that
// its specification uses. A size that nothing has told yet is not there.
type named map[byte]int

// of returns a size, Unknown if nothing has told it.
func (d named) of(name byte) int {
	if n, ok := d[name]; ok {
		return n
	}
	return tensor.Unknown
}

// set says what a size is; it must not be another one already.
func (d named) set(what string, name byte, n int) error {
	m, ok := mergeDim(d.of(name), n)
	if !ok {
		return Invalidf("%s: dimension %c is %d, elsewhere %d", what, name, n, d.of(name))
	}
	if m >= 0 {
		d[name] = m
	}
	return nil
}

// read checks v, if it is there and known, to have the dimensions that names
// spells, one letter each, and learns their sizes. '1' stands for the size 1,
// '*' for any that is not shared.
func (d named) read(what string, v Value, names string) error {
	if v.Absent || !v.Ranked {
		return nil
	}
	if len(v.Shape) != len(names) {
		return Invalidf("%s has shape %v, want rank %d", what, v.Shape, len(names))
	}
	for i, n := range v.Shape {
		var err error
		switch names[i] {
		case '*':
		case '1':
			if n >= 0 && n != 1 {
				err = Invalidf("%s has shape %v, want size 1 in dimension %d", what, v.Shape, i)
			}
		default:
			err = d.set(what, names[i], n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shape returns the sizes that names spells.
func (d named) shape(names string) tensor.Shape {
	s := make(tensor.Shape, len(names))
	for i := range s {
		s[i] = 1
		if names[i] != '1' {
			s[i] = d.of(names[i])
		}
	}
	return s
}

// times returns a size multiplied by n; Unknown if it is, or if the product is
// beyond what a tensor can have.
func times(size, n int) int {
	if size < 0 || n < 0 || size > 0 && n > math.MaxInt32/size {
		return tensor.Unknown
	}
	return size * n
}

// over returns size divided by n. A size that n does not divide is Invalid.
func over(what string, size, n int) (int, error) {
	if size < 0 || n < 1 {
		return tensor.Unknown, nil
	}
	if size%n != 0 {
		return 0, Invalidf("%s of size %d does not divide by %d", what, size, n)
	}
	return size / n, nil
}

// countAttr returns an integer attribute from least to 2^31-1.
func countAttr(a Attrs, name string, def, least int64) (int, error) {
	v, err := a.Int(name, def)
	if err == nil && (v < least || v > math.MaxInt32) && a.Has(name) {
		err = Invalidf("%s is %d, want at least %d", name, v, least)
	}
	return int(v), err
}

// scalarInt returns the one integer that v holds, if it is known.
func scalarInt(what string, v Value) (n int64, known bool, err error) {
	ints, known, err := constInts(what, v)
	if err != nil || !known || v.Absent {
		return 0, false, err
	}
	if len(ints) != 1 {
		return 0, false, Invalidf("%s has %d elements, want 1", what, len(ints))
	}
	return ints[0], true, nil
}

// elemLoop bounds the innermost steps that one run of an operator may take where
// contents, not sizes, say how many: what asks for more is refused.
const elemLoop = 1 << 34
