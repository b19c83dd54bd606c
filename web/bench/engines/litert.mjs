// LiteRT.js, that is XNNPACK in wasm. It cannot be loaded in a module worker, so it
// runs in the page.
export const title = "LiteRT.js";
export const where = "page";
export const file = (model) => `nhwc/${model}.tflite`;

/** What the server offers under /peers/litert/. */
export const bundle = { name: "litert.mjs", source: `export * from "@litertjs/core";` };
export const files = ["", "_threaded", "_compat"].flatMap((kind) =>
  ["js", "wasm"].map((end) => `@litertjs/core/wasm/litert_wasm${kind}_internal.${end}`),
);

let litert;

export async function load({ threads }) {
  litert = await import("/peers/litert/litert.mjs");
  await litert.loadLiteRt("/peers/litert/", { threads: threads > 1 });
}

export async function create({ bytes, input, threads }) {
  const model = await litert.loadAndCompile(new Uint8Array(bytes), { accelerator: "wasm", cpuOptions: { numThreads: threads } });
  return {
    async run() {
      const tensor = new litert.Tensor(input.nhwc, input.nhwcShape);
      const results = await model.run(tensor);
      const scores = (await results[0].data()).slice();
      tensor.delete();
      for (const result of results) result.delete();
      return scores;
    },
    dispose: () => model.delete(),
  };
}
