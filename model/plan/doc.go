// Package plan turns a graph whose input shapes are known into a plan: a list
// of steps for the kernels of model/kernel, every address fixed, every weight
// packed the way its kernel reads it. A plan is data; it is run by model/engine.
//
// # Where a value is
//
// A value that a kernel makes or reads lies in the arena, in one of two
// layouts (see [Layout]), sometimes in both. Everything else, small integers
// that steer shapes above all, is a tensor on the Go side, in a numbered slot.
// [Put] and [Fetch] steps carry values over.
//
// A node without a kernel becomes a [Host] step: the operator's plain Go
// implementation runs on slots. So every graph has a plan.
//
// # Padding lanes
//
// Rows are rounded up to whole vectors. Between two steps the lanes behind the
// last element of every row in the arena are 0. A kernel that would leave
// something else there is followed by a clearing step, or is not used.
//
// # Adding a lowering
//
//  1. Find the family's file (conv.go, pool.go …) or start one.
//  2. Write a function that looks at a node and at what is known of its inputs,
//     and either adds steps, or returns false without having added any.
//  3. Add a line to the table in lower.go.
//  4. Add random cases of it to engine/native's differential test.
package plan
