// Package kernel emits the WebAssembly modules that run a plan: float32 kernels
// in four twins, with plain or relaxed SIMD, for one thread or several.
//
// # Data layout
//
// A kernel works on rows: a matrix is m rows of k floats, lda bytes apart, and
// every row is a multiple of four floats long and starts at a multiple of 16.
// A picture is N*H*W rows of C channels (NHWC), C rounded up to a multiple of
// four, the rest 0; other values are rows of their last dimension. Every kernel
// that could leave something else than 0 in the lanes behind the last column has
// a Tail, Columns or Zeros argument and clears them. A matrix product does not
// need it: packed weights are 0 there, and the lanes stay 0 unless the row of A
// has an infinity or NaN. A 1x1 convolution is then a matrix product without moving
// anything, and depthwise convolutions, pools and elementwise operators run
// along the channels four at a time.
//
// Weights are packed once, when a plan is made, into panels of [PanelCols]
// output columns: panel p holds, for each k, the weights of its columns.
//
// # Steps
//
// A plan is a list of steps in memory. A step is the number of a kernel and of the
// chunks that it is cut into, the length of the step in bytes and the kernel's
// arguments, all of them 32-bit words. The exported function run walks the list;
// every kernel is called with the address of its arguments, the number of a chunk
// and of all chunks, and does that part of the work. Addresses are absolute: a plan
// is made for its place in memory. [AppendStep] writes a step from the struct of
// its arguments, [Cut] sets the chunks. Scratch belongs to a thread, not to a chunk.
//
// Several threads take the chunks of a step as they are free, and go on to the next
// step when all are done; the counters are in the control block at address 0
// ([ControlAbort] and so on). Only thread 0 must be there: a thread that comes late,
// or not at all, leaves its work to the others. run returns [Done], [Cancelled] or
// [TimedOut]; a thread that dies, or an abort, never leaves the others waiting for
// longer than ten seconds. After anything but Done the host must wait until all
// threads have returned, and clear the block.
//
// Kernels share out rows, or vectors where there are few rows. A plan should
// give elementwise kernels a contiguous value whose rows need no clearing as a
// single row: short rows cost a call each.
//
// # Adding a kernel
//
//  1. Write the reference in model/op, if it is not there.
//  2. Add a number to number.go, and a line to the table in registry.go.
//  3. Write the emitter in a file of its own: the struct of its arguments with the
//     pseudo-code of the loop nest, then the builder calls in that order.
//  4. Test it against plain loops, for ragged shapes and several threads.
//  5. Run go generate ./model/kernel/zkernels.
//  6. Lower the operator to it in model/plan.
package kernel
