// Part of worker.js: chooses and compiles the module that computes. There are four
// twins of it: with relaxed SIMD (fused multiply-add) or without, each for a memory of
// its own thread or for one that threads share.

// A function that returns a v128: i8x16.splat of zero.
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];
// The same for f32x4.relaxed_madd of three such vectors.
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11];

const TWINS = {
  simd: new URL("../assets/kernels-simd.wasm", import.meta.url),
  relaxed: new URL("../assets/kernels-relaxed.wasm", import.meta.url),
  "simd-shared": new URL("../assets/kernels-simd-shared.wasm", import.meta.url),
  "relaxed-shared": new URL("../assets/kernels-relaxed-shared.wasm", import.meta.url),
};

// loadKernels returns {engine, module, shared, collect} for the Go program; engine is
// "relaxed", "simd", or "reference" where the browser has no SIMD: then there is no
// module, and Go computes.
async function loadKernels() {
  const engine = [["relaxed", RELAXED], ["simd", SIMD]].find(([, probe]) => WebAssembly.validate(Uint8Array.from(probe)))?.[0];
  if (engine === undefined) return { engine: "reference", shared: false };
  const shared = globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function";
  return { engine, shared, collect, module: await compile(TWINS[shared ? `${engine}-shared` : engine]) };
}
