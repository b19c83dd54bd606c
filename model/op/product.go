package op

// Matrix products in row-major order; the loops that all matrix operators and
// the convolutions share.

// mulRows adds to out the products of the rows of a and b:
//
//	out[i·step + j] += Σ over l of a[i·k + l] · b[j·k + l],   i < m, j < n
//
// Blocks of four rows of a and two of b share their loads.
func mulRows[T wide](out []T, step int, a, b []T, m, n, k int) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	i := 0
	for ; i+4 <= m; i += 4 {
		mulRows4(out[i*step:], step, a[i*k:][:4*k], b, n, k)
	}
	for ; i < m; i++ {
		for j := range n {
			out[i*step+j] += dot(a[i*k:][:k], b[j*k:][:k])
		}
	}
}

// mulRows4 is mulRows for four rows of a.
func mulRows4[T wide](out []T, step int, a, b []T, n, k int) {
	a0, a1, a2, a3 := a[:k], a[k:][:k], a[2*k:][:k], a[3*k:][:k]
	j := 0
	for ; j+2 <= n; j += 2 {
		b0, b1 := b[j*k:][:k], b[(j+1)*k:][:k]
		var s00, s01, s10, s11, s20, s21, s30, s31 T
		for l, x := range b0 {
			y := b1[l]
			w0, w1, w2, w3 := a0[l], a1[l], a2[l], a3[l]
			s00 += w0 * x
			s01 += w0 * y
			s10 += w1 * x
			s11 += w1 * y
			s20 += w2 * x
			s21 += w2 * y
			s30 += w3 * x
			s31 += w3 * y
		}
		add2(out[j:], s00, s01)
		add2(out[step+j:], s10, s11)
		add2(out[2*step+j:], s20, s21)
		add2(out[3*step+j:], s30, s31)
	}
	if j < n {
		row := b[j*k:][:k]
		for i, w := range [][]T{a0, a1, a2, a3} {
			out[i*step+j] += dot(w, row)
		}
	}
}

func add2[T wide](out []T, x, y T) {
	out[0] += x
	out[1] += y
}

// dot returns the inner product of two slices of one length.
func dot[T wide](a, b []T) T {
	var s T
	b = b[:len(a)]
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

// mulMatrix adds to out, m×n, the product of a, m×k, and b, k×n. A row of out
// takes four rows of b at a time.
func mulMatrix[T wide](out, a, b []T, m, n, k int) {
	if n == 0 {
		return
	}
	for i := range m {
		to, row := out[i*n:][:n], a[i*k:][:k]
		l := 0
		for ; l+4 <= k; l += 4 {
			w0, w1, w2, w3 := row[l], row[l+1], row[l+2], row[l+3]
			b0, b1, b2, b3 := b[l*n:][:len(to)], b[(l+1)*n:][:len(to)], b[(l+2)*n:][:len(to)], b[(l+3)*n:][:len(to)]
			for j := range to {
				to[j] += w0*b0[j] + w1*b1[j] + w2*b2[j] + w3*b3[j]
			}
		}
		for ; l < k; l++ {
			w, from := row[l], b[l*n:][:len(to)]
			for j := range to {
				to[j] += w * from[j]
			}
		}
	}
}

// transposed returns the n×m transpose of a, m×n.
func transposed[T wide](a []T, m, n int) []T {
	out := make([]T, len(a))
	for i := range m {
		for j, v := range a[i*n:][:n] {
			out[j*m+i] = v
		}
	}
	return out
}
