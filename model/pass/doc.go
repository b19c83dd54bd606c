// Package pass rewrites graphs: each pass is one short file that says with a
// drawing what it turns into what, and the list in pass.go says in which order
// they run. A pass never changes what a graph computes.
//
// # Adding a pass
//
//  1. Write x.go: the drawing, the match, the rewrite, and when it must not
//     fire.
//  2. Add a line to [All].
//  3. Add a before/after case to pass_test.go, and one where it must not fire.
package pass
