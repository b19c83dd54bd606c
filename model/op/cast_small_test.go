package op

import (
	"math"
	"slices"
	"testing"

	"larder/model/tensor"
)

var smallFloats = []tensor.DType{tensor.Float8E4M3FN, tensor.Float8E4M3FNUZ, tensor.Float8E5M2, tensor.Float8E5M2FNUZ, tensor.Float8E8M0, tensor.Float4E2M1}

// codesOf returns every code of a type.
func codesOf(d tensor.DType) []uint8 {
	all := make([]uint8, 1<<d.Bits())
	for i := range all {
		all[i] = uint8(i)
	}
	return all
}

// TestSmallFloatCodes reads every code and writes it again, and checks that what
// lies between two numbers goes to the nearer one, or to the even code.
func TestSmallFloatCodes(t *testing.T) {
	for _, d := range smallFloats {
		t.Run(d.String(), func(t *testing.T) {
			decode := smallDecoder(d)
			encode := smallEncoder(d, rounding{mode: "nearest"})
			var numbers []uint8
			for _, c := range codesOf(d) {
				v := decode(c)
				if got := encode(v); got != c && !math.IsNaN(v) && !math.IsInf(v, 0) {
					t.Errorf("code %#x is %v, which becomes %#x", c, v, got)
				}
				if v >= 0 && !math.IsInf(v, 0) && !math.Signbit(v) {
					numbers = append(numbers, c)
				}
			}
			slices.SortFunc(numbers, func(a, b uint8) int { return int(a) - int(b) })
			for i, c := range numbers[1:] {
				low, high := decode(numbers[i]), decode(c)
				if low >= high {
					t.Fatalf("codes %#x and %#x are %v and %v", numbers[i], c, low, high)
				}
				if got := encode(low + (high-low)*0.49); got != numbers[i] {
					t.Errorf("a little above %v becomes %v", low, decode(got))
				}
				if got := encode(low + (high-low)*0.51); got != c {
					t.Errorf("a little below %v becomes %v", high, decode(got))
				}
				if got := encode(low + (high-low)/2); d != tensor.Float8E8M0 && got&1 != 0 {
					t.Errorf("halfway between %v and %v becomes the odd %#x", low, high, got)
				}
			}
		})
	}
}

func TestSmallFloatLimits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name      string
		d         tensor.DType
		x         float64
		kept, cut uint8
	}{
		{"fn", tensor.Float8E4M3FN, 1e9, 0x7e, 0x7f},
		{"fn", tensor.Float8E4M3FN, -inf, 0xfe, 0xff},
		{"fn", tensor.Float8E4M3FN, nan, 0x7f, 0x7f},
		{"fn rounds to the greatest", tensor.Float8E4M3FN, 463.9, 0x7e, 0x7e},
		{"fnuz", tensor.Float8E4M3FNUZ, inf, 0x7f, 0x80},
		{"fnuz", tensor.Float8E4M3FNUZ, math.Copysign(0, -1), 0, 0},
		{"fnuz", tensor.Float8E4M3FNUZ, -1e-9, 0, 0},
		{"e5m2", tensor.Float8E5M2, inf, 0x7b, 0x7c},
		{"e5m2", tensor.Float8E5M2, -1e9, 0xfb, 0xfc},
		{"e5m2fnuz", tensor.Float8E5M2FNUZ, 1e9, 0x7f, 0x80},
		{"e2m1", tensor.Float4E2M1, -inf, 15, 15},
		{"e2m1", tensor.Float4E2M1, 5, 6, 6},
		{"e8m0", tensor.Float8E8M0, 0, 0, 0xff},
		{"e8m0", tensor.Float8E8M0, 1e39, 0xfe, 0xff},
		{"e8m0 up", tensor.Float8E8M0, 1.01, 128, 128},
		{"e8m0", tensor.Float8E8M0, -1, 0xff, 0xff},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := smallEncoder(c.d, rounding{})(c.x); got != c.kept {
				t.Errorf("%v becomes %#x, want %#x", c.x, got, c.kept)
			}
			if got := smallEncoder(c.d, rounding{cut: true})(c.x); got != c.cut {
				t.Errorf("%v without saturation becomes %#x, want %#x", c.x, got, c.cut)
			}
		})
	}
}

// smallReaders are the operators that may take small types: they move elements,
// look at none, or convert.
var smallReaders = []string{
	"Cast", "CastLike", "BitCast", "Identity", "Shape", "Size", "Reshape", "Flatten", "Squeeze", "Unsqueeze",
	"Transpose", "Concat", "Split", "Slice", "Gather", "GatherElements", "GatherND", "Expand", "Tile", "Pad",
	"ScatterElements", "ScatterND", "Scatter", "Where", "Compress", "DepthToSpace", "SpaceToDepth", "ReverseSequence", "EyeLike",
	"QuantizeLinear", "DequantizeLinear", "OneHot", "Upsample", "Resize", "Trilu", "Dropout", "ConstantOfShape", "Range", "RandomNormalLike",
	"ArrayFeatureExtractor", "SequenceConstruct", "SequenceInsert", "Optional", "OptionalHasElement", "OptionalGetElement",
	"CenterCropPad", "TensorScatter", "ExpandDims",
	"Unique", // of com.microsoft: unsorted, it tells bits apart
}

// TestSmallTypesAreNotNumbers gives small types to every operator: only those
// that move elements may answer, because no other knows what the bits mean.
func TestSmallTypesAreNotNumbers(t *testing.T) {
	for _, c := range rightCases() {
		for _, d := range []tensor.DType{tensor.Float8E4M3FN, tensor.Int4} {
			c := c
			c.in = slices.Clone(c.in)
			for i, x := range c.in {
				if x == nil || x.DType() != tensor.Float32 {
					continue
				}
				small, err := castTensor(x, d)
				if err != nil {
					t.Fatal(err)
				}
				c.in[i] = small
			}
			if slices.EqualFunc(c.in, rightInputs(c), func(a, b *tensor.Tensor) bool { return a == b }) {
				continue
			}
			if _, err := runCase(t, c); err == nil && !slices.Contains(smallReaders, c.typ) {
				t.Errorf("%s computes with %v", c.typ, c.in)
			}
		}
	}
}

// rightInputs returns the inputs that are not of small types.
func rightInputs(c opCase) []*tensor.Tensor {
	in := slices.Clone(c.in)
	for i, x := range in {
		if x != nil && x.DType().Small() {
			in[i] = nil
		}
	}
	return in
}
