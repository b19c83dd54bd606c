package kernel_test

import (
	"math/rand/v2"
	"testing"
)

// FuzzKernels compares kernels with plain loops for shapes, strides, pads and
// threads that a seed chooses.
func FuzzKernels(f *testing.F) {
	cases := []func(*testing.T, *rand.Rand){randomGEMM, randomConv, randomDepthwise, randomWinograd, randomPool}
	for i := range cases {
		f.Add(uint64(1000+i), byte(i))
	}
	f.Fuzz(func(t *testing.T, seed uint64, which byte) {
		cases[int(which)%len(cases)](t, rng(seed))
	})
}
