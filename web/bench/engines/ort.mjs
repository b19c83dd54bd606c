// onnxruntime-web with its wasm execution provider.
export const title = "onnxruntime-web";
export const where = "worker";
export const file = (model) => `${model}.onnx`;

/** What the server offers under /peers/ort/. */
export const files = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"].map((name) => `onnxruntime-web/dist/${name}`);

let ort;

export async function load({ threads }) {
  ort = await import("/peers/ort/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = "/peers/ort/";
  ort.env.logLevel = "error";
}

export async function create({ bytes, input }) {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  const to = session.outputNames[0];
  const feeds = () => Object.fromEntries(input.feeds.map(({ name, type, dims, data }) => [name, new ort.Tensor(type, data, dims)]));
  return {
    run: async () => (await session.run(feeds()))[to].data,
    dispose: () => session.release(),
  };
}
