package op

import (
	"math"
	"strconv"
	"strings"

	"larder/model/tensor"
)

// caster turns the widest type of a kind into the forms that destinations need.
type caster[T any] struct {
	int  func(T, tensor.DType) int64 // as writeInts takes it for a type
	odd  func(T) float64             // rounded to odd if float64 cannot hold the number
	text func(T) string
}

var fromInt = caster[int64]{
	int: func(v int64, _ tensor.DType) int64 { return v },
	odd: func(v int64) float64 {
		if v >= -1<<53 && v <= 1<<53 || v&0x7ff == 0 {
			return float64(v)
		}
		return float64(v&^0x7ff | 0x800)
	},
	text: func(v int64) string { return strconv.FormatInt(v, 10) },
}

var fromUint = caster[uint64]{
	int: func(v uint64, d tensor.DType) int64 { return int64(v) },
	odd: func(v uint64) float64 {
		if v <= 1<<53 || v&0x7ff == 0 {
			return float64(v)
		}
		return float64(v&^0x7ff | 0x800)
	},
	text: func(v uint64) string { return strconv.FormatUint(v, 10) },
}

var fromFloat = caster[float64]{
	int: func(v float64, d tensor.DType) int64 {
		switch {
		case d == tensor.Bool:
			return bit(v != 0)
		case d == tensor.Uint64 && v >= 1<<63 && v < 1<<64:
			return int64(uint64(v))
		}
		return floatToInt(v)
	},
	odd:  func(v float64) float64 { return v },
	text: func(v float64) string { return formatFloat(v, 64) },
}

// floatToInt drops the fraction. ONNX leaves numbers out of range undefined,
// and processors differ; here they take the nearest int64, and NaN becomes 0.
// A narrower destination then keeps the low bits, as from any integer.
func floatToInt(v float64) int64 {
	switch {
	case math.IsNaN(v):
		return 0
	case v >= 1<<63:
		return math.MaxInt64
	case v < -1<<63:
		return math.MinInt64
	}
	return int64(v)
}

// oddFloat32 rounds to a float32 whose last bit tells that something was lost,
// so that a second rounding to a half as wide type is right. See S. Boldo and
// G. Melquiond, "When double rounding is odd", 2005.
func oddFloat32(v float64) float32 {
	f := float32(v)
	if float64(f) == v || v != v || math.IsInf(float64(f), 0) {
		return f
	}
	b := math.Float32bits(f)
	if math.Abs(float64(f)) > math.Abs(v) {
		b-- // towards zero
	}
	return math.Float32frombits(b | 1)
}

// floatsOf returns the numbers of t as float64, rounded if need be; nil for
// strings and complex numbers. The result may be shared with t.
func floatsOf(t *tensor.Tensor) []float64 {
	switch src := t.Any().(type) {
	case []float64:
		return src
	case []string, []complex64, []complex128:
		return nil
	}
	out, err := castTensor(t, tensor.Float64)
	if err != nil {
		return nil
	}
	return tensor.Data[float64](out)
}

// readFloats sets row to the elements of data, a slice of floats, from at on.
func readFloats(data any, at int, row []float64) {
	switch d := data.(type) {
	case []float32:
		for k := range row {
			row[k] = float64(d[at+k])
		}
	case []float64:
		copy(row, d[at:])
	case []tensor.Half:
		for k := range row {
			row[k] = float64(d[at+k].Float32())
		}
	case []tensor.Brain:
		for k := range row {
			row[k] = float64(d[at+k].Float32())
		}
	}
}

// formatFloats writes the shortest text that reads back as the same number of
// its own type.
func formatFloats(dst []string, t *tensor.Tensor) {
	bits := 32
	if t.DType() == tensor.Float64 {
		bits = 64
	}
	for i, v := range floatsOf(t) {
		dst[i] = formatFloat(v, bits)
	}
}

func formatFloat(v float64, bits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "INF"
	case math.IsInf(v, -1):
		return "-INF"
	case v != 0 && (math.Abs(v) < 1e-4 || math.Abs(v) >= 1e16):
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	return strconv.FormatFloat(v, 'f', -1, bits)
}

// castStrings reads numbers in plain or scientific notation.
func castStrings(dst *tensor.Tensor, src []string) error {
	for i, s := range src {
		if err := castString(dst, i, strings.TrimSpace(s)); err != nil {
			return Invalidf("string %.40q is not a %v", s, dst.DType())
		}
	}
	return nil
}

// castString sets element i of dst to the number that s stands for.
func castString(dst *tensor.Tensor, i int, s string) error {
	switch d := dst.Any().(type) {
	case []float32:
		v, err := parseFloat(s, 32)
		d[i] = float32(v)
		return err
	case []float64:
		v, err := parseFloat(s, 64)
		d[i] = v
		return err
	case []uint64:
		if v, err := strconv.ParseUint(s, 10, 64); err == nil {
			d[i] = v
			return nil
		}
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		setNumber(dst, i, v, fromInt)
		return nil
	}
	v, err := parseFloat(s, 64)
	if err != nil {
		return err
	}
	if intTypes.has(dst.DType()) && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return strconv.ErrRange
	}
	setNumber(dst, i, v, fromFloat)
	return nil
}

// parseFloat is strconv.ParseFloat where too large is an infinity.
func parseFloat(s string, bits int) (float64, error) {
	v, err := strconv.ParseFloat(s, bits)
	if err != nil && math.IsInf(v, 0) {
		err = nil
	}
	return v, err
}

// setNumber sets element i of dst, of a real number type or bool, to v.
func setNumber[T int64 | float64](dst *tensor.Tensor, i int, v T, c caster[T]) {
	one := tensor.Must(tensor.New(dst.DType(), 1))
	castRows(casting{dst: one}, 1, func(_ int, row []T) { row[0] = v }, c)
	if m, err := moverOf(dst, one); err == nil {
		m.move(i, 0, 1)
	}
}
