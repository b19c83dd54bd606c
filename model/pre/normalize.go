package pre

// normalize turns interleaved bytes into the tensor's elements. A byte has 256
// values, so every channel has a table.
func normalize(pix []byte, spec *ImageSpec) []float32 {
	n := spec.Channels()
	out := make([]float32, len(pix))
	plane := len(pix) / n
	for c := range n {
		table := spec.Normalize.table(c)
		if spec.Layout == NHWC {
			for i := c; i < len(pix); i += n {
				out[i] = table[pix[i]]
			}
			continue
		}
		dst := out[c*plane:][:plane]
		for i := range dst {
			dst[i] = table[pix[i*n+c]]
		}
	}
	return out
}

// table returns (v/Divisor - Mean[c]) / Std[c] for every byte v. The steps are
// rounded to float32 one by one, as NumPy's are.
func (n *Normalize) table(c int) *[256]float32 {
	var t [256]float32
	for v := range t {
		x := float32(v) / float32(n.Divisor)
		x = float32(x - float32(n.Mean[c]))
		t[v] = x / float32(n.Std[c])
	}
	return &t
}
