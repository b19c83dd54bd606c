package op

import (
	"math"

	"larder/model/tensor"
)

// Normalisations. Specification:
// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html (1, 6: is_test,
// 7, 9: without spatial, 14: training_mode, 15) and so on.

var normOps = []Entry{
	{"", "BatchNormalization", 1, newBatchNorm},
	{"", "GroupNormalization", 18, newGroupNorm},
	{"", "InstanceNormalization", 1, newInstanceNorm},
	{"", "LayerNormalization", 1, newLayerNorm}, // of 17; ONNX Runtime has the same in older opsets
	{"", "LpNormalization", 1, newLpNorm},
	{"", "LRN", 1, newLRN},
	{"", "MeanVarianceNormalization", 9, newMeanVarianceNorm},
	{"", "RMSNormalization", 23, newRMSNorm},
}

// moments returns the mean and the variance of x.
func moments(x []float64) (m, variance float64) {
	m = mean(x)
	for _, v := range x {
		variance += (v - m) * (v - m)
	}
	return m, variance / float64(len(x))
}

// epsilonOf reads the attribute that keeps a division from failing.
func epsilonOf(a Attrs) (float64, error) {
	eps, err := a.Float("epsilon", 1e-5)
	if err == nil && !(eps >= 0 && eps <= math.MaxFloat32) {
		err = Invalidf("epsilon is %v", eps)
	}
	return float64(eps), err
}

// stashType checks the attribute that names the precision of the statistics,
// which are computed in float64 anyway.
func stashType(a Attrs) (tensor.DType, error) {
	s, err := a.Int("stash_type", int64(tensor.Float32))
	if err != nil {
		return 0, err
	}
	switch d := tensor.DType(s); {
	case s < 0 || s > 255 || !d.Supported():
		return 0, Invalidf("stash_type is %d", s)
	case !floatTypes.has(d):
		return 0, Unsupportedf("stash_type %v", d)
	default:
		return d, nil
	}
}
