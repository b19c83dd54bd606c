// Package policy decides which entry of a cache goes when there is no room for all.
// Entries have sizes in bytes and a cost of loading them again, and the better policies
// weigh both: a model of 500 MB that is used twice a day may have to go before fifty of
// 5 MB, or stay because it takes minutes to come back.
//
// A policy holds no values, takes no locks and reads no clock. The tier (package
// memory) tells it what happens and asks it for a [Policy.Victim]; an [Item] is the
// policy's part of the tier's entry, so that nothing is allocated or looked up on a hit.
//
// [Default] is what the cache takes; TABLE.md beside this file shows how all of them do
// on traces, and the command that writes it says how:
//
//	go run ./cache/policy/replay
//
// # Adding a policy
//
//  1. Write one file with its type: the paper and what differs from it in the type's
//     comment, then the methods of [Policy] in their order.
//  2. Add a line to [All] in registry.go.
//  3. go test ./cache/policy runs the contract's tests on it.
//  4. go run ./cache/policy/replay writes the table anew.
package policy
