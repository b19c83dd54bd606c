package onnx

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"larder/model/tensor"
)

// A compiled model's weights lie in another file in the forms in which kernels read
// them. Each is an entry of external_data with this key; see [FormEntry].
const formKey = "larder.form"

// CompiledKey is the metadata of a compiled model, CompiledVersion its value: the
// version of the format.
const (
	CompiledKey     = "larder.compiled"
	CompiledVersion = "1"
)

// Compiled reports whether the model is a compiled one, whose graph needs no
// rewriting. One of another version is an Unsupported error.
func (m *Model) Compiled() (bool, error) {
	for _, e := range m.Metadata {
		if e.Key == CompiledKey && e.Value != CompiledVersion {
			return false, fail(Unsupported, "the model was compiled in format %q, this Larder reads %q: compile it again", e.Value, CompiledVersion)
		} else if e.Key == CompiledKey {
			return true, nil
		}
	}
	return false, nil
}

// Plain is the form of weights that are as ONNX has them.
const Plain = "plain"

// maxForms bounds the forms of one tensor: a grouped convolution has one for each
// group.
const maxForms = 1 << 12

// FormEntry describes weights of n floats of a type (Float32, or Float16 to be
// widened when read) at an offset in a form: Plain, or the name that a plan gives to
// the order of the elements.
func FormEntry(offset int64, n int, dtype tensor.DType, name string) Entry {
	return Entry{formKey, fmt.Sprintf("%d %d %d %s", offset, n, dtype, name)}
}

// form is what FormEntry describes.
type form struct {
	rawData
	n    int
	name string
}

// ErrForm reports weights that are not there in the form that is needed.
var ErrForm = errors.New("the model was compiled for other kernels: compile it again with this version of Larder")

func (d *decoder) findForms(p *tensorFields, location string, list []string) error {
	if p.dtype != tensor.Float32 {
		return fail(Malformed, "%v in forms", p.dtype)
	}
	if len(list) > maxForms {
		return fail(TooLarge, "more than %d forms", maxForms)
	}
	src, err := d.opt.External(location)
	if err != nil {
		return unread(location, err)
	}
	for _, text := range list {
		f, err := parseForm(text)
		if err != nil {
			return fail(Malformed, "form %q", text)
		}
		f.src = src
		if f.at > src.Size() || int64(f.n) > (src.Size()-f.at)/int64(f.dtype.Size()) {
			return fail(Malformed, "form %q goes beyond the end of %q", text, location)
		}
		f.length = int64(f.n) * int64(f.dtype.Size())
		p.forms = append(p.forms, f)
	}
	p.hasRaw = true
	return nil
}

// parseForm reads what FormEntry wrote.
func parseForm(text string) (f form, err error) {
	var numbers [3]uint64
	for i := range numbers {
		word, rest, _ := strings.Cut(text, " ")
		if numbers[i], err = strconv.ParseUint(word, 10, 31); err != nil {
			return f, err
		}
		text = rest
	}
	f.at, f.n, f.dtype, f.name = int64(numbers[0]), int(numbers[1]), tensor.DType(numbers[2]), text
	if t := numbers[2]; t != uint64(tensor.Float32) && t != uint64(tensor.Float16) {
		err = strconv.ErrRange
	}
	return f, err
}

// packed makes a tensor of forms.
func (p *tensorFields) packed(shape tensor.Shape, unpack func(string, []float32, []float32) error) (*tensor.Tensor, error) {
	src := packedData{p.forms, p.name, unpack}
	n, err := shape.Elems()
	f := src.find(Plain)
	if err == nil && f != nil && f.n != n {
		return nil, fail(Malformed, "%d elements instead of those of %v", f.n, shape)
	}
	total := 0 // forms only add zeros, so what they say bounds what is allocated
	for _, f := range p.forms {
		total += f.n
	}
	if total < n {
		return nil, fail(Malformed, "forms of %d elements for %v", total, shape)
	}
	if f == nil {
		return tensor.Deferred(p.dtype, shuffled{src}, shape...)
	}
	return tensor.Deferred(p.dtype, plainData{src}, shape...)
}

// packedData has the forms of one tensor.
type packedData struct {
	forms  []form
	name   string
	unpack func(form string, packed, to []float32) error
}

func (p packedData) find(name string) *form {
	for i := range p.forms {
		if p.forms[i].name == name {
			return &p.forms[i]
		}
	}
	return nil
}

// Position implements [tensor.Source].
func (p packedData) Position() int64 { return p.forms[0].at }

// Packed implements [tensor.PackedSource].
func (p packedData) Packed(name string) (tensor.FloatSource, int) {
	if f := p.find(name); f != nil {
		return f, f.n
	}
	return nil, 0
}

// plainData is there as ONNX has it, too. It implements tensor.FloatSource.
type plainData struct{ packedData }

// Elements implements [tensor.Source].
func (p plainData) Elements(at, n int) (any, error) { return p.find(Plain).Elements(at, n) }

// Floats implements [tensor.FloatSource].
func (p plainData) Floats(dst []float32, at int) error { return p.find(Plain).Floats(dst, at) }

// shuffled is there in the order of kernels only: the way back is taken as a whole.
type shuffled struct{ packedData }

// Elements implements [tensor.Source].
func (s shuffled) Elements(at, n int) (any, error) {
	if s.unpack == nil || at != 0 {
		return nil, fmt.Errorf("%q: %w", s.name, ErrForm)
	}
	out := make([]float32, n)
	for i := range s.forms {
		f := &s.forms[i]
		packed, err := f.Elements(0, f.n)
		if err != nil {
			return nil, err
		}
		if err := s.unpack(f.name, packed.([]float32), out); err != nil {
			return nil, fmt.Errorf("%q: %w (%w)", s.name, ErrForm, err)
		}
	}
	return out, nil
}

// Elements implements [tensor.Source].
func (f *form) Elements(at, n int) (any, error) {
	out := make([]float32, n)
	return out, f.Floats(out, at)
}

// widened is how many 16-bit floats are read at a time.
const widened = 8 << 10

// Floats implements [tensor.FloatSource].
func (f *form) Floats(dst []float32, at int) error {
	if f.dtype == tensor.Float32 {
		return rawFloats{f.rawData}.Floats(dst, at)
	}
	for len(dst) > 0 {
		n := min(len(dst), widened)
		part, err := f.rawData.Elements(at, n)
		if err != nil {
			return err
		}
		for i, h := range part.([]tensor.Half) {
			dst[i] = h.Float32()
		}
		dst, at = dst[n:], at+n
	}
	return nil
}
