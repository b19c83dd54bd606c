package native_test

import (
	"math/rand/v2"
	"testing"

	"larder/model/onnx"
	"larder/model/onnx/onnxtest"
	"larder/model/tensor"
)

// bytesOf returns random bytes.
func bytesOf(r *rand.Rand, dims ...int) *tensor.Tensor {
	t := tensor.Must(tensor.New(tensor.Uint8, dims...))
	for i := range tensor.Data[uint8](t) {
		tensor.Data[uint8](t)[i] = uint8(r.IntN(256))
	}
	return t
}

// TestBits compares products with weights of few bits with the plain operators.
func TestBits(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 9))
		k, n, bits, block := 1+r.IntN(700), size(r), pick(r, 2, 4, 8), pick(r, 16, 32, 128, 1024)
		groups := (k + block - 1) / block
		m := newModel()
		d := dims(r, 1+r.IntN(3))
		d[len(d)-1] = k
		m.in("x", noise(r, d...))
		m.let("w", bytesOf(r, n, groups, block/8*bits))
		m.let("s", positive(r, n*groups))
		for i := range n * groups { // sums of a usual size
			tensor.Data[float32](m.constants["s"])[i] /= 100
		}
		inputs := []string{"x", "w", "s", "", "", ""}
		switch r.IntN(3) {
		case 1:
			inputs[3] = "z"
			m.let("z", bytesOf(r, n*((groups*bits+7)/8)))
		case 2:
			inputs[3] = "z"
			m.let("z", noise(r, n*groups))
		}
		if r.IntN(2) == 0 {
			inputs[5] = "b"
			m.let("b", noise(r, n))
		}
		made := onnxtest.Op("MatMulNBits", inputs, []string{"y"}, integer("K", k), integer("N", n), integer("bits", bits), integer("block_size", block))
		made.Domain = "com.microsoft"
		m.add(made)
		if steps := m.check(t, 1e-4); len(steps) > 0 {
			t.Fatalf("seed %d: a step without a kernel: %s", seed, steps[0].Type)
		}
	}
}

// TestBitsOfWeights lets a DequantizeLinear make the matrix.
func TestBitsOfWeights(t *testing.T) {
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 11))
		k, n := 128+8*r.IntN(20), 130+r.IntN(40)
		m := newModel()
		m.opset = 21
		m.in("x", noise(r, 1+r.IntN(3), 1+r.IntN(9), k))
		w := bytesOf(r, k, n)
		d := pick(r, tensor.Uint8, tensor.Int8, tensor.Uint4, tensor.Int4)
		codes := tensor.Must(tensor.New(d, k, n))
		small := func(v uint8) uint8 {
			if d == tensor.Uint4 || d == tensor.Int4 {
				v %= 16
			}
			return v
		}
		fill := func(t *tensor.Tensor, from []uint8) {
			switch to := t.Any().(type) {
			case []uint8:
				for i, v := range from {
					to[i] = small(v)
				}
			case []int8:
				for i, v := range from {
					to[i] = int8(small(v)) // in 4 bits 8 to 15 stand for what is less
					if d == tensor.Int4 {
						to[i] -= 8
					}
				}
			}
		}
		fill(codes, tensor.Data[uint8](w))
		m.let("w", codes)
		shape, attrs := []int{n}, []*onnx.Attribute{integer("axis", 1)}
		switch r.IntN(3) {
		case 1:
			shape, attrs = []int{}, nil
		case 2:
			shape, attrs = []int{(k + 31) / 32, n}, []*onnx.Attribute{integer("axis", 0), integer("block_size", 32)}
			if k%32 != 0 {
				continue
			}
		}
		s := positive(r, shape...)
		for i := range tensor.Data[float32](s) {
			tensor.Data[float32](s)[i] /= 100
		}
		m.let("s", s)
		inputs := "w s"
		if r.IntN(2) == 0 {
			z := tensor.Must(tensor.New(d, shape...))
			fill(z, tensor.Data[uint8](bytesOf(r, max(1, z.Len()))))
			m.let("z", z)
			inputs += " z"
		}
		m.add(node("DequantizeLinear", inputs, "v", attrs...), node("MatMul", "x v", "y"))
		if steps := m.check(t, 1e-4); len(steps) > 0 {
			t.Fatalf("seed %d: a step without a kernel: %s", seed, steps[0].Type)
		}
		if g := optimised(t, m); g.Nodes[0].Type != "BitMatMul" {
			t.Fatalf("seed %d: %v", seed, g.Text())
		}
	}
}
