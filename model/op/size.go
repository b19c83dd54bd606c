package op

import "math"

// sizes returns the integer list attribute as ints between least and the
// largest int32, or nil if it is absent.
func sizes(a Attrs, name string, least int64) ([]int, error) {
	list, err := a.Ints(name)
	if err != nil || list == nil {
		return nil, err
	}
	out := make([]int, len(list))
	for i, v := range list {
		if v < least || v > math.MaxInt32 {
			return nil, Invalidf("%s[%d] is %d, want at least %d", name, i, v, least)
		}
		out[i] = int(v)
	}
	return out, nil
}

// flag returns an integer attribute that is 0 or 1.
func flag(a Attrs, name string, def int64) (bool, error) {
	v, err := a.Int(name, def)
	if err == nil && v != 0 && v != 1 {
		err = Invalidf("%s is %d, want 0 or 1", name, v)
	}
	return v == 1, err
}

// product returns the product of sizes of a tensor that exists.
func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
