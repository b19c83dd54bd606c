// Package native runs plans natively: the kernels' WebAssembly in wazero. It is
// for tests and tools; programs that are WebAssembly themselves use their host.
package native
