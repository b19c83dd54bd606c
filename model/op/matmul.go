package op

import (
	"math"

	"larder/model/tensor"
)

// Matrix products. Specification:
// https://onnx.ai/onnx/operators/onnx__MatMul.html (1, 9: integers, 13) and
// https://onnx.ai/onnx/operators/onnx__Gemm.html (1, 6, 7: C broadcasts, 9:
// integers, 11: C is optional, 13). The broadcast attribute of Gemm before 7
// only forbade what is allowed since.

var matmulOps = []Entry{
	{"", "Gemm", 1, newGemm},
	{"", "MatMul", 1, newMatMul},
}

// productTypes are the element types of matrix products.
var productTypes = floatTypes | dtypeSet(tensor.Int32, tensor.Int64, tensor.Uint32, tensor.Uint64)

// gemm is the operator Gemm: alpha·A·B + beta·C.
type gemm struct {
	transA, transB bool
	alpha, beta    float32
}

func newGemm(n Node) (Operator, error) {
	g, err := readGemm(n.Attrs)
	if err != nil {
		return nil, err
	}
	least := 2
	if n.Opset < 11 {
		least = 3
	}
	return newRuled(n, arity{least, 3, 1}, inFloat32{inInt64{g}})
}

// readGemm reads the attributes.
func readGemm(a Attrs) (*gemm, error) {
	var g gemm
	var err error
	if g.transA, err = flag(a, "transA", 0); err != nil {
		return nil, err
	}
	if g.transB, err = flag(a, "transB", 0); err != nil {
		return nil, err
	}
	if g.alpha, err = a.Float("alpha", 1); err != nil {
		return nil, err
	}
	g.beta, err = a.Float("beta", 1)
	return &g, err
}

// types implements [rule].
func (g *gemm) types(in []Value) ([]Value, error) {
	d, err := productTypes.same(in...)
	if err != nil {
		return nil, err
	}
	if intTypes.has(d) && d != tensor.Undefined && (!whole(g.alpha) || !whole(g.beta)) {
		return nil, Unsupportedf("alpha %v and beta %v with integers", g.alpha, g.beta)
	}
	m, ka, err := matrix("A", in[0], g.transA)
	if err != nil {
		return nil, err
	}
	kb, n, err := matrix("B", in[1], g.transB)
	if err != nil {
		return nil, err
	}
	if _, ok := mergeDim(ka, kb); !ok {
		return nil, Invalidf("A has %d columns, B %d rows", ka, kb)
	}
	out := Of(d, m, n)
	return []Value{out}, broadcastTo("C", input(in, 2), out.Shape)
}

// whole reports whether f is an integer of a size that every type can take.
func whole(f float32) bool { return f == float32(math.Trunc(float64(f))) && f >= 0 && f < 1<<24 }

// matrix returns the rows and columns of v, transposed or not.
func matrix(what string, v Value, trans bool) (rows, cols int, err error) {
	if !v.Ranked {
		return tensor.Unknown, tensor.Unknown, nil
	}
	if len(v.Shape) != 2 {
		return 0, 0, Invalidf("%s has shape %v, want a matrix", what, v.Shape)
	}
	if trans {
		return v.Shape[1], v.Shape[0], nil
	}
	return v.Shape[0], v.Shape[1], nil
}

// run implements [rule].
func (g *gemm) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	switch in[0].DType() {
	case tensor.Float32:
		return runGemm[float32](g, in, out[0].Shape)
	case tensor.Float64:
		return runGemm[float64](g, in, out[0].Shape)
	case tensor.Int64:
		return runGemm[int64](g, in, out[0].Shape)
	}
	return nil, noType(in[0])
}

func runGemm[T wide](g *gemm, in []*tensor.Tensor, shape tensor.Shape) ([]*tensor.Tensor, error) {
	m, n := shape[0], shape[1]
	a, b := tensor.Data[T](in[0]), tensor.Data[T](in[1])
	k := in[0].Dim(1)
	if g.transA {
		k = in[0].Dim(0)
		a = transposed(a, k, m)
	}
	y, out := blank[T](shape)
	if g.transB {
		mulRows(out, n, a, b, m, n, k)
	} else {
		mulMatrix(out, a, b, m, n, k)
	}
	if alpha := T(g.alpha); alpha != 1 {
		for i := range out {
			out[i] *= alpha
		}
	}
	if c := tensorAt(in, 2); c != nil && g.beta != 0 {
		beta := T(g.beta)
		y = zip(y, c, shape, func(p, q T) T { return p + beta*q })
	}
	return []*tensor.Tensor{y}, nil
}

// matMul is the operator MatMul: products of the matrices in the last two
// dimensions; the others broadcast.
type matMul struct{}

func newMatMul(n Node) (Operator, error) {
	return newRuled(n, arity{2, 2, 1}, inFloat32{inInt64{matMul{}}})
}

// types implements [rule].
func (matMul) types(in []Value) ([]Value, error) {
	d, err := productTypes.same(in...)
	if err != nil {
		return nil, err
	}
	if !in[0].Ranked || !in[1].Ranked {
		return []Value{Unranked(d)}, nil
	}
	s, err := matMulShape(in[0].Shape, in[1].Shape)
	return []Value{Of(d, s...)}, err
}

// matMulShape returns the shape of a product: as in NumPy a vector on the left
// is a row, one on the right a column, and that dimension goes away again.
func matMulShape(a, b tensor.Shape) (tensor.Shape, error) {
	if len(a) == 0 || len(b) == 0 {
		return nil, Invalidf("a scalar in a matrix product")
	}
	k, at := a[len(a)-1], max(0, len(b)-2)
	if _, ok := mergeDim(k, b[at]); !ok {
		return nil, Invalidf("shapes %v and %v do not multiply", a, b)
	}
	s, ok := tensor.Broadcast(a[:max(0, len(a)-2)], b[:at])
	if !ok {
		return nil, Invalidf("shapes %v and %v do not broadcast", a, b)
	}
	if len(a) > 1 {
		s = append(s, a[len(a)-2])
	}
	if len(b) > 1 {
		s = append(s, b[len(b)-1])
	}
	return s, nil
}

// run implements [rule].
func (matMul) run(in []*tensor.Tensor, out []Value) ([]*tensor.Tensor, error) {
	switch in[0].DType() {
	case tensor.Float32:
		return runMatMul[float32](in[0], in[1], out[0].Shape)
	case tensor.Float64:
		return runMatMul[float64](in[0], in[1], out[0].Shape)
	case tensor.Int64:
		return runMatMul[int64](in[0], in[1], out[0].Shape)
	}
	return nil, noType(in[0])
}

func runMatMul[T wide](x, y *tensor.Tensor, shape tensor.Shape) ([]*tensor.Tensor, error) {
	p, out := blank[T](shape)
	if len(out) == 0 {
		return []*tensor.Tensor{p}, nil
	}
	m, k, n := 1, x.Dim(-1), 1
	batchX, batchY := x.Shape()[:max(0, x.Rank()-2)], y.Shape()[:max(0, y.Rank()-2)]
	if x.Rank() > 1 {
		m = x.Dim(-2)
	}
	if y.Rank() > 1 {
		n = y.Dim(-1)
	}
	a, b := tensor.Data[T](x), tensor.Data[T](y)
	batch, _ := tensor.Broadcast(batchX, batchY) // types has seen it fit
	r := rowsOf(batch, batchX, batchY)
	count, step := r.row()
	r.each(func(at []int) {
		for i := range count {
			ia, ib := (at[0]+i*step[0])*m*k, (at[1]+i*step[1])*k*n
			mulMatrix(out[:m*n], a[ia:][:m*k], b[ib:][:k*n], m, n, k)
			out = out[m*n:]
		}
	})
	return []*tensor.Tensor{p}, nil
}
