package op

import "larder/model/tensor"

// unrolled is one run of a recurrent operator over sequences.
type unrolled struct {
	*recurrent
	times, batch, inputs, units int
	lengths                     []int
}

// cell is one direction's weights: w and r by gate and unit, both biases, the
// peepholes of LSTM (input, output, forget), and the activations.
type cell struct {
	w, r, inBias, outBias, peep []float64
	f                           []func(float64) float64
}

// part returns direction dir of a tensor whose first dimension is the
// directions, nil of none.
func (w *unrolled) part(t *tensor.Tensor, dir int) []float64 {
	data := doubles(t)
	n := len(data) / w.directions
	return data[dir*n:][:n]
}

// direction runs one direction and writes its part of the results.
func (w *unrolled) direction(in, res []*tensor.Tensor, dir int) {
	size := w.gates * w.units
	c := cell{w: w.part(in[rnnW], dir), r: w.part(in[rnnR], dir), peep: w.part(tensorAt(in, rnnPeep), dir)}
	c.inBias, c.outBias = make([]float64, size), make([]float64, size)
	if b := w.part(tensorAt(in, rnnB), dir); b != nil && len(b) > 0 {
		c.inBias, c.outBias = b[:size], b[size:]
	}
	n := len(w.calls) / w.directions
	c.f = w.calls[dir*n:][:n]

	// What comes from the inputs is one product for all times.
	x := make([]float64, w.times*w.batch*size)
	mulRows(x, size, doubles(in[rnnX]), c.w, w.times*w.batch, size, w.inputs)

	h, s := make([]float64, w.batch*w.units), make([]float64, w.batch*w.units)
	w.start(h, tensorAt(in, rnnStartH), dir)
	w.start(s, tensorAt(in, rnnStartC), dir)
	back := w.backward || dir == 1
	for step := range w.times {
		rec := make([]float64, w.batch*size)
		mulRows(rec, size, h, c.r, w.batch, size, w.units)
		for b := range w.batch {
			if step >= w.lengths[b] {
				continue
			}
			t := step
			if back {
				t = w.lengths[b] - 1 - step
			}
			row := t*w.batch + b
			if w.batchFirst {
				row = b*w.times + t
			}
			hb, sb := h[b*w.units:][:w.units], s[b*w.units:][:w.units]
			w.step(&c, x[row*size:][:size], rec[b*size:][:size], hb, sb)
			to := ((t*w.directions+dir)*w.batch + b) * w.units
			if w.batchFirst {
				to = (row*w.directions + dir) * w.units
			}
			copy(doubles(res[0])[to:], hb)
		}
	}
	for i, state := range [][]float64{h, s}[:len(res)-1] {
		for b := range w.batch {
			copy(doubles(res[i+1])[w.state(b, dir):], state[b*w.units:][:w.units])
		}
	}
}

// state returns where a state of a batch and direction lies.
func (w *unrolled) state(b, dir int) int {
	if w.batchFirst {
		return (b*w.directions + dir) * w.units
	}
	return (dir*w.batch + b) * w.units
}

// start copies an initial state, if there is one.
func (w *unrolled) start(to []float64, t *tensor.Tensor, dir int) {
	if t == nil {
		return
	}
	for b := range w.batch {
		copy(to[b*w.units:][:w.units], doubles(t)[w.state(b, dir):])
	}
}

// clipped bounds what goes into an activation.
func (w *unrolled) clipped(v float64) float64 {
	if w.clip > 0 {
		return max(-w.clip, min(w.clip, v))
	}
	return v
}

// step changes the states h and s; x and r are what inputs and the last h give
// to each gate.
func (w *unrolled) step(c *cell, x, r, h, s []float64) {
	n := w.units
	gate := func(f, g, u int) float64 {
		i := g*n + u
		return c.f[f](w.clipped(x[i] + c.inBias[i] + r[i] + c.outBias[i]))
	}
	switch w.name {
	case "RNN":
		for u := range h {
			h[u] = gate(0, 0, u)
		}
	case "LSTM":
		for u := range h {
			w.remember(c, x, r, h, s, u)
		}
	default:
		update, reset := make([]float64, n), make([]float64, n)
		for u := range h {
			update[u], reset[u] = gate(0, 0, u), gate(0, 1, u)
		}
		w.renew(c, x, r, h, update, reset)
	}
}

// remember computes unit u of an LSTM: gates are input, output, forget, cell.
func (w *unrolled) remember(c *cell, x, r, h, s []float64, u int) {
	n := w.units
	sum := func(g int) float64 {
		i := g*n + u
		return x[i] + c.inBias[i] + r[i] + c.outBias[i]
	}
	peep := func(g int, state float64) float64 {
		if len(c.peep) == 0 {
			return 0
		}
		return c.peep[g*n+u] * state
	}
	in := c.f[0](w.clipped(sum(0) + peep(0, s[u])))
	forget := 1 - in
	if !w.coupled {
		forget = c.f[0](w.clipped(sum(2) + peep(2, s[u])))
	}
	s[u] = forget*s[u] + in*c.f[1](w.clipped(sum(3)))
	h[u] = c.f[0](w.clipped(sum(1)+peep(1, s[u]))) * c.f[2](s[u])
}

// renew computes the hidden gate of a GRU and the new state.
func (w *unrolled) renew(c *cell, x, r, h, update, reset []float64) {
	n := w.units
	past := r[2*n:]
	if w.linear {
		for u := range past {
			past[u] = reset[u] * (past[u] + c.outBias[2*n+u])
		}
	} else {
		for u, v := range h {
			reset[u] *= v
		}
		clear(past)
		mulRows(past, n, reset, c.r[2*n*n:], 1, n, n)
		for u := range past {
			past[u] += c.outBias[2*n+u]
		}
	}
	for u, z := range update {
		fresh := c.f[1](w.clipped(x[2*n+u] + c.inBias[2*n+u] + past[u]))
		h[u] = (1-z)*fresh + z*h[u]
	}
}
