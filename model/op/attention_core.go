package op

import (
	"math"

	"larder/model/tensor"
)

// heads finds the rows of a tensor of rank 4 (batch, head, place, element) or 3
// (batch, place, head and element).
type heads struct {
	data               []float64
	batch, head, place int // distances
	size               int
}

// headsOf returns the rows of t, which has n heads.
func headsOf(t *tensor.Tensor, n int) heads {
	h := heads{data: doubles(t), size: t.Dim(-1)}
	if t.Rank() == 4 {
		h.place, h.head, h.batch = h.size, h.size*t.Dim(2), h.size*t.Dim(2)*n
		return h
	}
	h.size /= max(1, n)
	h.head, h.place, h.batch = h.size, t.Dim(2), t.Dim(1)*t.Dim(2)
	return h
}

func (h *heads) row(b, head, place int) []float64 {
	return h.data[b*h.batch+head*h.head+place*h.place:][:h.size]
}

// joined returns the rows of the past, nil for none, and behind them those of
// now, in a tensor of the given shape of rank 4.
func joined(past *tensor.Tensor, now heads, shape tensor.Shape) (*tensor.Tensor, heads) {
	t, _ := blank[float64](shape)
	out, before := headsOf(t, shape[1]), heads{}
	first := 0
	if past != nil {
		before, first = headsOf(past, shape[1]), past.Dim(2)
	}
	for b := range shape[0] {
		for h := range shape[1] {
			for p := range shape[2] {
				if p < first {
					copy(out.row(b, h, p), before.row(b, h, p))
				} else {
					copy(out.row(b, h, p), now.row(b, h, p-first))
				}
			}
		}
	}
	return t, out
}

// bias is what a mask adds to scores.
type bias struct {
	data  []float64
	steps []int // by batch, head and query
	keys  int   // keys behind these are not seen
}

// maskOf returns the bias of a mask of bools (seen or not) or of float64.
func maskOf(m *tensor.Tensor, front tensor.Shape) (*bias, error) {
	last := m.Rank() - 1
	b := &bias{keys: m.Dim(last), steps: stepsOf(m.Shape()[:last], front)}
	for i := range b.steps {
		b.steps[i] *= b.keys
	}
	seen, ok := m.Any().([]bool)
	if !ok {
		wide, err := toFloat64(m)
		if err != nil {
			return nil, err
		}
		b.data = doubles(wide)
		return b, nil
	}
	b.data = make([]float64, len(seen))
	for i, s := range seen {
		if !s {
			b.data[i] = math.Inf(-1)
		}
	}
	return b, nil
}

// attending is one run of attention.
type attending struct {
	*attention
	size       named
	q, k, v, y heads
	mask       *bias
	valid      []int64 // keys that count, by batch
}

// run computes y; shown gets what the mode says, for each query and key.
func (c *attending) run(shown []float64) {
	keys, group := c.size['T'], max(1, c.size['H']/max(1, c.size['K']))
	scale := c.scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(c.q.size))
	}
	scores := make([]float64, keys)
	for b := range c.size['B'] {
		for h := range c.size['H'] {
			for i := range c.size['L'] {
				q, show := c.q.row(b, h, i), shown[:keys]
				shown = shown[keys:]
				for j := range scores {
					scores[j] = scale * dot(q, c.k.row(b, h/group, j))
				}
				c.weigh(b, h, i, scores, show)
				y := c.y.row(b, h, i)
				for j, p := range scores {
					if p == 0 {
						continue
					}
					for e, v := range c.v.row(b, h/group, j) {
						y[e] += p * v
					}
				}
			}
		}
	}
}

// weigh turns scores into the weights of the values.
func (c *attending) weigh(b, h, i int, scores, show []float64) {
	c.show(0, scores, show)
	if c.softcap > 0 {
		for j, s := range scores {
			scores[j] = c.softcap * math.Tanh(s/c.softcap)
		}
	}
	c.show(1, scores, show)
	top := math.Inf(-1)
	for j := range scores {
		add := c.bias(b, h, i, j)
		top = max(top, add)
		scores[j] += add
	}
	c.show(2, scores, show)
	switch {
	case !math.IsInf(top, -1):
		softmaxRow(scores)
	case c.zeroRow:
		clear(scores)
	default:
		for j := range scores {
			scores[j] = 1 / float64(len(scores))
		}
	}
	c.show(3, scores, show)
}

// show copies the scores if they are what the mode asks for.
func (c *attending) show(mode int64, scores, to []float64) {
	if c.mode == mode {
		copy(to, scores)
	}
}

// bias returns what is added to the score of query i and key j.
func (c *attending) bias(b, h, i, j int) float64 {
	place := i + c.size['P']
	if c.valid != nil {
		if int64(j) >= c.valid[b] {
			return math.Inf(-1)
		}
		place = int(max(c.valid[b], math.MinInt32)) - c.size['L'] + i
	}
	if c.causal && j > place || c.left >= 0 && j < place-c.left || c.right >= 0 && j > place+c.right {
		return math.Inf(-1)
	}
	if c.mask == nil {
		return 0
	}
	if j >= c.mask.keys {
		return math.Inf(-1)
	}
	return c.mask.data[b*c.mask.steps[0]+h*c.mask.steps[1]+i*c.mask.steps[2]+j]
}
