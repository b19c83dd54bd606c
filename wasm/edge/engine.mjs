// One Go program: started once, called synchronously, replaced when it has ended.
import "./wasm_exec.js"; // of the Go that built edge.wasm; sets globalThis.Go
import program from "./edge.wasm";
// The kernels in two twins: code may not be compiled here, so both are part of the Worker.
import relaxed from "./kernels-relaxed.wasm";
import simd from "./kernels-simd.wasm";

// A function that returns f32x4.relaxed_madd of three zero vectors: does this runtime have relaxed SIMD?
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11];
const kernels = { module: WebAssembly.validate(Uint8Array.from(RELAXED)) ? relaxed : simd, shared: false };

export class Engine {
  #go = new globalThis.Go();
  #instance;
  #calls;

  constructor(options) {
    this.#go.exit = () => {}; // the end of the program shows in go.exited
    this.#instance = new WebAssembly.Instance(program, this.#go.importObject);
    // main() takes this object before it blocks, that is, before run() returns its promise.
    this.#calls = { ...options, kernels };
    globalThis.larderEdge = this.#calls;
    this.#go.run(this.#instance).catch((error) => console.error(error));
    delete globalThis.larderEdge;
    if (typeof this.#calls.handle !== "function") throw new Error("the inference program did not start");
  }

  // dead says that the Go program has ended (a panic outside a handler); calls would fail from now on.
  get dead() {
    return this.#go.exited;
  }

  // memoryBytes is the size of the program's linear memory.
  get memoryBytes() {
    return this.#instance.exports.mem.buffer.byteLength;
  }

  // handle answers a request: {status, body} or {need: [{key, etag}]}.
  handle(head, body) {
    return this.#calls.handle(head, body);
  }

  // provide hands over what fetchObject returned.
  provide(object) {
    this.#calls.provide(object);
  }
}
