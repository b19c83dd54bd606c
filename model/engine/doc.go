// Package engine runs graphs. engine.go is the contract; reference.go runs
// every operator's plain Go code, anywhere, and is what a faster engine is
// compared with.
package engine
