package kernel_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"larder/model/kernel"
)

func TestConv(t *testing.T) {
	r := rng(7)
	for range 60 {
		randomConv(t, r)
	}
}

func randomConv(t *testing.T, r *rand.Rand) {
	for {
		s := randomSliding(r, 5)
		in := newPicture(1+r.IntN(2), 1+r.IntN(12), 1+r.IntN(12), 1+r.IntN(12))
		out, ok := s.over(in, 1+r.IntN(20))
		groups := 1
		if r.IntN(3) == 0 { // groups of whole vectors
			groups = 1 + r.IntN(3)
			in, out = newPicture(in.n, in.h, in.w, 4*groups*(1+r.IntN(2))), newPicture(out.n, out.h, out.w, 4*groups*(1+r.IntN(3)))
		}
		if !ok {
			continue
		}
		t.Run(fmt.Sprintf("%v %v %v groups %d", s, in, out, groups), func(t *testing.T) {
			testConv(t, r, s, in, out, groups, r.IntN(2) == 0, 1+r.IntN(3))
		})
		return
	}
}

func testConv(t *testing.T, r *rand.Rand, s sliding, in, out picture, groups int, withResidual bool, threads int) {
	m := newMachine(t)
	each, outEach := in.c/groups, out.c/groups
	x, w := in.random(r), random(r, out.c*each*s.kh*s.kw)
	bias := make([]float32, out.stride)
	copy(bias, random(r, out.c))
	var residual []float32
	args := convArgs(s, in, out, each)
	input, biasAt, output := m.put(x), m.put(bias), m.alloc(4*out.size())
	args.GEMMArgs = kernel.GEMMArgs{LDC: uint32(4 * out.stride), Rows: uint32(out.n * out.h * out.w), K: uint32(s.kh * s.kw * up4(each)),
		Vecs: uint32(up4(outEach) / 4), Low: -1, High: 3, RowBlock: 12, KBlock: 64}
	var residualAt uint32
	if withResidual {
		residual = out.random(r)
		residualAt, args.LDR = m.put(residual), args.LDC
	}
	bytes := kernel.ConvScratch(int(args.RowBlock), int(args.K))
	args.Scratch, args.ScratchBytes = m.alloc(threads*bytes), uint32(bytes)
	for g := range groups {
		at := uint32(4 * g * outEach)
		args.Input, args.W = input+uint32(4*g*each), m.put(convWeights(s, w, each, g*outEach, outEach))
		args.C, args.Bias = output+at, biasAt+at
		if withResidual {
			args.Residual = residualAt + at
		}
		m.do(threads, kernel.Conv, args)
	}
	near(t, m.get(output, out.size()), convolution(s, in, x, out, w, bias, residual, groups, -1, 3), 1e-5)
}

func TestDepthwise(t *testing.T) {
	r := rng(8)
	for range 60 {
		randomDepthwise(t, r)
	}
}

func randomDepthwise(t *testing.T, r *rand.Rand) {
	for {
		s := randomSliding(r, 5)
		if r.IntN(2) == 0 { // the windows that have kernels of their own
			s = sliding{1 + r.IntN(5), 3 + 2*r.IntN(2), 1 + r.IntN(2), 1 + r.IntN(2), 1 + r.IntN(2), 1, r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3)}
		}
		in := newPicture(1+r.IntN(2), 1+r.IntN(12), 1+r.IntN(16), 1+r.IntN(12))
		out, ok := s.over(in, in.c)
		if !ok {
			continue
		}
		k := kernel.DepthwiseFor(uint32(s.kw), uint32(s.sw), uint32(s.dw))
		t.Run(fmt.Sprintf("%v %v %v", k, s, in), func(t *testing.T) {
			m := newMachine(t)
			x, w, bias := in.random(r), random(r, in.c*s.kh*s.kw), make([]float32, in.stride)
			copy(bias, random(r, in.c))
			taps := make([]float32, s.kh*s.kw*in.stride)
			for c := range in.c {
				for tap := range s.kh * s.kw {
					taps[tap*in.stride+c] = w[c*s.kh*s.kw+tap]
				}
			}
			args := kernel.DepthwiseArgs{Input: m.put(x), Weights: m.put(taps), Bias: m.put(bias), Output: m.alloc(4 * out.size()),
				Images: uint32(in.n), InH: uint32(in.h), InW: uint32(in.w), OutH: uint32(out.h), OutW: uint32(out.w), Pixel: uint32(4 * in.stride),
				KernelH: uint32(s.kh), KernelW: uint32(s.kw), StrideH: uint32(s.sh), StrideW: uint32(s.sw), DilationH: uint32(s.dh), DilationW: uint32(s.dw),
				PadTop: uint32(s.top), PadLeft: uint32(s.left), Low: -1, High: 2}
			args.TileFrom, args.TileTo = kernel.DepthwiseTiles(args.InW, args.OutW, args.KernelW, args.StrideW, args.PadLeft)
			m.do(1+r.IntN(3), k, args)
			near(t, m.get(args.Output, out.size()), convolution(s, in, x, out, w, bias, nil, in.c, -1, 2), 1e-5)
		})
		return
	}
}

func TestWinograd(t *testing.T) {
	r := rng(9)
	for range 30 {
		randomWinograd(t, r)
	}
}

func randomWinograd(t *testing.T, r *rand.Rand) {
	s := sliding{3, 3, 1, 1, 1, 1, r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3)}
	in := newPicture(1+r.IntN(2), 3+r.IntN(12), 3+r.IntN(12), 1+r.IntN(12))
	out, _ := s.over(in, 1+r.IntN(20))
	t.Run(fmt.Sprintf("%v %v %v", s, in, out), func(t *testing.T) {
		m := newMachine(t)
		threads := 1 + r.IntN(3)
		x, w, bias := in.random(r), random(r, out.c*in.c*9), make([]float32, out.stride)
		copy(bias, random(r, out.c))
		weights := make([]float32, kernel.WinogradFloats(out.c, in.c))
		kernel.PackWinograd(weights, w, out.c, in.c)
		args := kernel.WinogradArgs{Input: m.put(x), Output: m.alloc(4 * out.size()), Weights: m.put(weights), Bias: m.put(bias),
			Images: uint32(in.n), InH: uint32(in.h), InW: uint32(in.w), OutH: uint32(out.h), OutW: uint32(out.w),
			InPixel: uint32(4 * in.stride), OutPixel: uint32(4 * out.stride), PadTop: uint32(s.top), PadLeft: uint32(s.left),
			TileBlock: uint32(1 + r.IntN(8)), KBlock: 8, Low: -1, High: 2}
		var residual []float32
		if r.IntN(2) == 0 {
			residual = out.random(r)
			args.Residual = m.put(residual)
		}
		bytes := kernel.WinogradScratch(int(args.TileBlock), int(args.InPixel), int(args.OutPixel))
		args.Scratch, args.ScratchBytes = m.alloc(threads*bytes), uint32(bytes)
		m.do(threads, kernel.Winograd, args)
		near(t, m.get(args.Output, out.size()), convolution(s, in, x, out, w, bias, residual, 1, -1, 2), 5e-5)
	})
}
