// Replay runs request traces through the policies of package policy and writes
// cache/policy/TABLE.md: what share of the requests each answers, and what share of the
// cost of loading it saves, beside what somebody could who knows the future.
//
//	go run ./cache/policy/replay                  # the traces that are made here; prints the table
//	go run ./cache/policy/replay --traces DIR     # and public ones that lie in DIR
//	go run ./cache/policy/replay --write          # into TABLE.md
//
// Synthetic traces come from fixed seeds, so everybody gets the same figures. Public
// traces are not part of this repository, because their licences are not stated; read.go
// lists their file names, and where they are published. Those that are not in DIR are
// left out.
//
// The clairvoyant is approximated twice, see bound.go: no policy can be above "bound";
// "ahead" is what a greedy policy with knowledge of the future really does.
package main
