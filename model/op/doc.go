// Package op holds the ONNX operators: for each one its attributes, its shape
// inference and a plain Go implementation that defines truth. A fast kernel
// elsewhere must agree with the implementation here; what has no kernel runs
// here.
//
// The package knows single operators only. Graphs, and the order in which
// operators run, are in model/graph and model/engine.
//
// # Adding an operator
//
//  1. Find the family file (conv.go, pool.go, reduce.go …) or start one. At its
//     top stands the link to the operator's specification and the opsets that
//     differ.
//  2. Write a struct for the attributes, a [Constructor] that reads and checks
//     them, and the methods types and run of a rule (rule.go): types finds the
//     outputs' types and shapes from what is known, run computes. newRuled makes
//     an [Operator] of it that bounds results and propagates constants.
//     inFloat64 and inInt64 spare a loop for each element type; named (named.go)
//     checks sizes that several inputs share. An operator that others can
//     express is a function that writes their nodes (expand.go, contrib.go).
//     A rule that reads sequences, optionals or maps embeds composites; the others
//     never see them.
//  3. Add one line to the family's table beside it: domain, name, the first
//     opset of that meaning, constructor. A new table goes into All in
//     registry.go.
//  4. Add the names of the cases that pass now to optest/testdata/pass.txt; the
//     suite prints them. An operator that ONNX's suite lacks gets a right call in
//     the family's test file instead, from which TestMutated makes wrong ones.
//
// That is two files, or three with a new table.
package op
