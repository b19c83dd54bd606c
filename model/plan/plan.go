package plan

import (
	"larder/model/graph"
	"larder/model/tensor"
)

// Plan is how a graph runs for one set of input shapes.
type Plan struct {
	// Steps is the work, in order.
	Steps []Step
	// Slots holds what each slot has before a run: constants and defaults.
	Slots []*tensor.Tensor
	// Inputs and Outputs give the slots of the graph's inputs and outputs.
	Inputs, Outputs []int
	// Weights lists what must be in memory before a run and was not when the
	// plan was made.
	Weights []*Weight
	// The memory, in bytes: the plan's own region begins at Base, behind all
	// weights, with the steps; Arena and Scratch follow. End is what it needs in
	// all.
	Base, Arena, Scratch, End int
	// ArenaBytes, ScratchBytes and WeightBytes are the sizes of those parts;
	// ScratchBytes is for all threads together, WeightBytes for all plans.
	ArenaBytes, ScratchBytes, WeightBytes int
	// Largest is the node with the largest result in the arena, nil if none is
	// there.
	Largest *graph.Node
	// Threads is the number of threads that Scratch is for.
	Threads int
}

// Kind says what a step does.
type Kind uint8

// The kinds of steps.
const (
	// Kernel runs a kernel in memory.
	Kernel Kind = iota + 1
	// Put stores a slot's tensor in the arena.
	Put
	// Fetch makes a tensor of a value in the arena.
	Fetch
	// Host runs a node's plain Go operator on slots.
	Host
	// PutIndices stores a slot's integers in the arena as words, after it has
	// checked them against Limit and counted negative ones from the end.
	PutIndices
)

// Step is one step of a plan.
type Step struct {
	Kind Kind
	// Node is the node that the step is for, nil for Put and Fetch of the
	// graph's own inputs and outputs.
	Node *graph.Node
	// Title says what the step computes, for people: the name of the kernel or
	// operator, and of the value.
	Title, Value string
	// Words is the step in memory: kernel, length in bytes, arguments.
	Words []uint32
	// At is where Words will be.
	At int
	// Flops counts the multiplications and additions of the direct algorithm.
	Flops int64
	// Slot is what Put reads and Fetch writes, Place the other side.
	Slot  int
	Place Place
	// Limit is what the integers of PutIndices are below.
	Limit int
	// In and Out are the slots of a Host step, -1 where a value is absent.
	In, Out []int
	// Release lists slots that nobody reads after this step.
	Release []int
}

// Place is a tensor in the arena, row-major and without gaps, as floats.
type Place struct {
	// Offset is its address, in bytes.
	Offset int
	// Type is what the tensor on the Go side is: of Float32 or Int16 elements.
	Type  tensor.DType
	Shape tensor.Shape
}

// HostSteps returns the nodes that run without a kernel.
func (p *Plan) HostSteps() []*graph.Node {
	var nodes []*graph.Node
	for _, s := range p.Steps {
		if s.Kind == Host {
			nodes = append(nodes, s.Node)
		}
	}
	return nodes
}
