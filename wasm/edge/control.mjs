// Starts the control program for one request.
//
// github.com/syumai/workers runs a Go program per request: main() serves one request and ends with its response. That
// costs tens of milliseconds, which is right for rare operator calls and wrong for inference (see engine.mjs).
import "./wasm_exec.js";
import program from "./control.wasm";

// The library's runtime contract: it looks for globalThis.context while the program starts, calls the import
// workers.ready when it can serve, and wraps calls that may throw with globalThis.tryCatch.
globalThis.tryCatch ??= (call) => {
  try {
    return { result: call() };
  } catch (error) {
    return { error };
  }
};

export async function control(request, env, ctx) {
  const binding = {};
  const go = new globalThis.Go();
  await new Promise((resolve, reject) => {
    const instance = new WebAssembly.Instance(program, { ...go.importObject, workers: { ready: resolve } });
    globalThis.context = { env, ctx, binding };
    go.run(instance).catch(reject);
  });
  return binding.handleRequest(request);
}
