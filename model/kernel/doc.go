// Package kernel emits kernels.wasm: the float32 kernels that run a plan.
//
// # Data layout
//
// A kernel works on rows: a matrix is m rows of k floats, lda bytes apart, and
// every row is a multiple of four floats long and starts at a multiple of 16.
// A picture is N*H*W rows of C channels (NHWC), C rounded up to a multiple of
// four, the rest 0. A 1x1 convolution is then a matrix product without moving
// anything, and depthwise convolutions, pools and elementwise operators run
// along the channels four at a time.
//
// Weights are packed once, when a plan is made, into panels of [PanelCols]
// output columns: panel p holds, for each k, the weights of its columns.
//
// # Steps
//
// A plan is a list of steps in memory. A step is the number of a kernel, the
// length of the step in bytes and the kernel's arguments, all of them 32-bit
// words. The exported function run walks the list; every kernel is called with
// the address of its arguments, the number of this thread and of all threads,
// and does its share of the work. With several threads they meet at a barrier
// behind each step.
//
// # Adding a kernel
//
//  1. Write the reference in model/op, if it is not there.
//  2. Write the emitter in a file of its own: pseudo-code of the loop nest first,
//     then the argument words as constants, then the builder calls in that order.
//  3. Add a line to the table in registry.go.
//  4. Lower the operator to it in model/plan.
package kernel
