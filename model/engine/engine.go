package engine

import (
	"context"
	"fmt"

	"larder/model/graph"
	"larder/model/tensor"
)

// Engine prepares graphs for running. An Engine may be used by several
// goroutines at once.
type Engine interface {
	// Prepare does once what does not depend on the inputs. It may keep g and
	// its constants, which must not change any more, and it may release those
	// that it has put elsewhere. It is called by model.Load.
	Prepare(g *graph.Graph) (Program, error)
}

// Program is a graph that is ready to run. Its methods may be called by several
// goroutines at once, but for Close.
type Program interface {
	// Run computes the graph's outputs, in the order of Graph.Outputs, from its
	// inputs, in the order of Graph.Inputs; nil takes the input's default.
	//
	// The caller has checked the feeds against what the graph declares. Feeds
	// are not changed or kept, but a result may share elements with a feed or
	// with a constant: the caller must not write to results.
	//
	// Between two steps it looks at ctx, and stops with ctx.Err(). With a context
	// of [WithProfile] it measures its steps. A step that fails is a *graph.NodeError, and so is a panic inside an operator
	// (graph.PanicError); a run that would need too much memory fails with a
	// *MemoryError inside the NodeError of the step that asked for it.
	Run(ctx context.Context, feeds []*tensor.Tensor) ([]*tensor.Tensor, error)

	// Close gives the program's memory back. No Run may be in progress or
	// follow.
	Close()
}

// MemoryError reports a step that would exceed the memory of a run.
type MemoryError struct {
	// Need is what would be in use with the step's outputs, Limit what may be,
	// both in bytes.
	Need, Limit int64
}

// Error returns both numbers.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("the step needs %d bytes in all, the limit is %d", e.Need, e.Limit)
}
