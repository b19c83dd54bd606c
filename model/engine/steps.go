package engine

import (
	"context"

	"larder/model/op"
	"larder/model/plan"
	"larder/model/tensor"
)

// plannedRun is the state of one run of a plan: the slots on the Go side.
type plannedRun struct {
	run
	program *planned
	plan    *plan.Plan
	watch   *stopwatch // nil: nothing is measured, and kernel steps run together
}

// sliceFlops bounds the work that is handed to the kernels in one call, so that
// a run can be cancelled soon: about ten milliseconds for the slowest host.
const sliceFlops = 300e6

// steps walks the plan. Neighbouring kernel steps are handed over together.
func (r *plannedRun) steps(ctx context.Context) error {
	steps := r.plan.Steps
	for i := 0; i < len(steps); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 1
		if steps[i].Kind == plan.Kernel && r.watch == nil {
			n = segment(steps[i:])
		}
		do := func() error { return r.do(ctx, steps[i:i+n]) }
		var err error
		if r.watch != nil {
			s := &steps[i]
			err = r.watch.measure(StepTime{Kernel: s.Title, Host: s.Kind == plan.Host, Value: s.Value, Flops: s.Flops}.ofNode(s.Node), do)
		} else {
			err = do()
		}
		if err != nil {
			return err
		}
		i += n
	}
	return ctx.Err()
}

// segment returns how many steps from the first on are run by one call.
func segment(steps []plan.Step) int {
	flops := int64(0)
	for i, s := range steps {
		if flops += s.Flops; s.Kind != plan.Kernel || i > 0 && flops > sliceFlops {
			return i
		}
	}
	return len(steps)
}

// do runs steps of one kind; more than one only of kernels.
func (r *plannedRun) do(ctx context.Context, steps []plan.Step) error {
	s := &steps[0]
	var err error
	switch s.Kind {
	case plan.Kernel:
		last := &steps[len(steps)-1]
		err = r.program.memory.Run(ctx, s.At, last.At+4*len(last.Words))
	case plan.Put:
		err = r.put(s)
	case plan.PutIndices:
		err = r.putIndices(s)
	case plan.Fetch:
		err = r.fetch(s)
	case plan.Host:
		return r.step(ctx, &step{s.Node, s.In, s.Out, s.Release})
	}
	for _, k := range s.Release {
		r.alive -= bytes(op.Known(r.slots[k]))
		r.slots[k] = nil
	}
	return err
}

// put stores a tensor in the arena.
func (r *plannedRun) put(s *plan.Step) error {
	t := r.slots[s.Slot]
	if t.DType() == tensor.Int16 {
		from := tensor.Data[int16](t)
		floats := make([]float32, len(from))
		for i, v := range from {
			floats[i] = float32(v)
		}
		t = tensor.Must(tensor.Of(floats, t.Shape()...))
	}
	if t.DType() != tensor.Float32 || !t.Shape().Equal(s.Place.Shape) {
		// The operator did not make what it had inferred.
		return op.Invalidf("%v where float32%v was planned", t, s.Place.Shape)
	}
	if w, ok := r.program.memory.(sourceWriter); ok && t.Source() != nil {
		if done, err := w.WriteSource(s.Place.Offset, t.Source()); done {
			return err
		}
	}
	return r.program.memory.Write(s.Place.Offset, tensor.Data[float32](t))
}

// putIndices stores integers in the arena that name rows of something with Limit
// rows.
func (r *plannedRun) putIndices(s *plan.Step) error {
	t := r.slots[s.Slot]
	if !t.Shape().Equal(s.Place.Shape) {
		return op.Invalidf("%v where %v was planned", t, s.Place.Shape)
	}
	words := make([]uint32, t.Len())
	for i := range words {
		var v int64
		switch d := t.Any().(type) {
		case []int64:
			v = d[i]
		case []int32:
			v = int64(d[i])
		}
		if v < -int64(s.Limit) || v >= int64(s.Limit) {
			err := op.Invalidf("index %d of %q is outside a dimension of size %d", v, s.Value, s.Limit)
			if s.Node != nil {
				err = s.Node.Fail(nil, err)
			}
			return err
		}
		if v < 0 {
			v += int64(s.Limit)
		}
		words[i] = uint32(v)
	}
	return r.program.memory.WriteWords(s.Place.Offset, words)
}

// fetch makes a tensor of a value in the arena.
func (r *plannedRun) fetch(s *plan.Step) error {
	t, err := tensor.New(tensor.Float32, s.Place.Shape...)
	if err != nil {
		return err
	}
	from := tensor.Data[float32](t)
	if err := r.program.memory.Read(s.Place.Offset, from); err != nil {
		return err
	}
	if s.Place.Type == tensor.Int16 {
		to := make([]int16, len(from))
		for i, v := range from {
			to[i] = int16(v)
		}
		t = tensor.Must(tensor.Of(to, s.Place.Shape...))
	}
	r.slots[s.Slot] = t
	r.alive += bytes(op.Known(t))
	return nil
}
