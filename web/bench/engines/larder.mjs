// Larder, as any page would use it: larder.js, and a worker of its own.
export const title = "Larder";
export const where = "page";
export const file = (model) => `${model}.onnx`;
export const form = "blob"; // read piece by piece, never in memory as a whole

let larder;

export async function load({ threads }) {
  const { open } = await import("/larder/larder.js");
  larder = await open({ threads, persist: false });
}

export async function create({ bytes, input, threads }) {
  const model = await larder.fromONNX(bytes, { threads });
  const to = model.outputs[0].name;
  const feeds = Object.fromEntries(input.feeds.map(({ name, ...tensor }) => [name, tensor]));
  return {
    run: async () => (await model.run(feeds))[to].data,
    dispose: () => model.dispose(),
  };
}
