package op

import "larder/model/tensor"

// Attrs holds a node's attributes by name. A value is one of int64, float32,
// string, *tensor.Tensor, []int64, []float32, []string, []*tensor.Tensor, a Value
// for a type, or an opaque value of a kind that no operator reads (a graph, which
// is model/graph's business).
type Attrs map[string]any

// get returns the attribute as a T, or def if it is absent; an attribute of
// another kind is Invalid.
func get[T any](a Attrs, name string, def T) (T, error) {
	v, ok := a[name]
	if !ok {
		return def, nil
	}
	t, ok := v.(T)
	if !ok {
		return def, Invalidf("attribute %q has the wrong type %T, want %T", name, v, def)
	}
	return t, nil
}

// Int returns an integer attribute, or def if absent.
func (a Attrs) Int(name string, def int64) (int64, error) { return get(a, name, def) }

// Float returns a float attribute, or def if absent.
func (a Attrs) Float(name string, def float32) (float32, error) { return get(a, name, def) }

// String returns a string attribute, or def if absent.
func (a Attrs) String(name string, def string) (string, error) { return get(a, name, def) }

// Ints returns an integer list, or nil if absent.
func (a Attrs) Ints(name string) ([]int64, error) { return get[[]int64](a, name, nil) }

// Floats returns a float list, or nil if absent.
func (a Attrs) Floats(name string) ([]float32, error) { return get[[]float32](a, name, nil) }

// Strings returns a string list, or nil if absent.
func (a Attrs) Strings(name string) ([]string, error) { return get[[]string](a, name, nil) }

// Tensor returns a tensor attribute, or nil if absent.
func (a Attrs) Tensor(name string) (*tensor.Tensor, error) {
	return get[*tensor.Tensor](a, name, nil)
}

// Has reports whether the attribute is there.
func (a Attrs) Has(name string) bool { _, ok := a[name]; return ok }
