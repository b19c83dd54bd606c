// Package slim makes a WebAssembly module that Go's linker has written smaller
// to download, without changing what it does.
//
// The linker cuts the module's data wherever it meets a few zeros: some 90,000
// segments, each with an address and a length that compress badly and take time
// at start. [Module] joins them. It also clears the tables that lead from a
// program counter to a file and a line: in a browser only the stack trace of a
// crash shows them, and function names are still there without.
//
// Measured with brotli 11 on the browser worker of November 2026: joining saves
// 7 %, clearing another 9 %.
package slim
