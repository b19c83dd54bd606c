// One Go program: started once, called synchronously, replaced when it has ended.
import "./wasm_exec.js"; // of the Go that built edge.wasm; sets globalThis.Go
import program from "./edge.wasm";

export class Engine {
  #go = new globalThis.Go();
  #instance;
  #calls;

  constructor(options) {
    this.#go.exit = () => {}; // the end of the program shows in go.exited
    this.#instance = new WebAssembly.Instance(program, this.#go.importObject);
    // main() takes this object before it blocks, that is, before run() returns its promise.
    this.#calls = { ...options };
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
