// Package graph is the form in which the rest of Larder sees a model: nodes in
// an order in which they can run, values as shared pointers instead of names,
// operators already constructed and checked.
//
// It does not change a graph (model/pass does) and does not run one
// (model/engine does). Start with [Build], then [Infer] for shapes and
// [Graph.Text] for a readable form.
package graph
