// Package slim makes a WebAssembly module that Go's linker has written smaller
// to download, without changing what it does.
//
// [Module] does it in three steps. It joins the module's data, which the linker cuts
// wherever it meets a few zeros: some 90,000 segments, each with an address and a length
// that compress badly and take time at start. It clears what the table of functions
// holds for stack traces only: files and lines, inlined calls, arguments; and of types
// what no value in an interface can show (unseen.go). And it writes the functions anew:
//
//   - Jumps forward leave blocks instead of going by a table (flow.go, layout.go, emit.go).
//   - The function that is called stores its return address, not each call (calls.go).
//   - Return addresses are counted: the function's address stands once in it, and places
//     have the numbers of blocks, so that all tables of places are 0, 1, 2, … and from one
//     call to the next the number grows by one (number.go). What the runtime knows of frames
//     by these numbers is written anew, too (sequence.go).
//   - Some instructions are replaced by fewer of the same effect (simplify.go).
//
// A function of another form than Go's compiler writes is an error, never a guess.
//
// [Cut] takes functions that a visit hardly ever runs out into a second module,
// which is loaded when the first of them is called.
//
// [Fold] packs what is left of the table of functions (pack.go) and adds the code that
// unpacks it when the module is instantiated (unpack.go): what functions have in common is
// there once, and each field is a stream of its own. What the table says of functions that
// [Cut] took out goes with them. Of functions' names it leaves their packages: a stack
// trace in a browser says less, what went wrong is still said. The same code computes a
// table of powers of ten that package strconv brings (powers.go).
//
// Measured with brotli 11 on the browser worker of November 2026, on all of it: joining
// saves 7 %, clearing another 13 %, packing 6 %, writing functions anew 20 %, names 3 %.
// Binaryen's wasm-opt -Oz makes the same code 14 % shorter but 3 % larger after brotli,
// because it does not know how Go jumps and calls.
package slim
