// Larder, as any page would use it: larder.js, and a worker of its own.
export const title = "Larder";
export const where = "page";
export const file = (model) => `${model}.onnx`;
export const form = "blob"; // read piece by piece, never in memory as a whole

let larder;

export async function load({ threads }) {
  const { open } = await import("/larder/larder.js");
  larder = await open({ threads, models: "/models/packages/", persist: false });
}

export async function create({ bytes, input, threads }) {
  return adapted(await larder.fromONNX(bytes, { threads }), input);
}

/** A package of the registry, instead of a file. */
export const take = async (name, input) => adapted(await larder.load(name), input);

/** Removes a package from the browser's storage, if it is there. */
export const forget = (name) => larder.cache.evict(name);

function adapted(model, input) {
  const to = model.outputs[0].name;
  const feeds = Object.fromEntries(input.feeds.map(({ name, ...tensor }) => [name, tensor]));
  return {
    source: model.info.source,
    run: async () => (await model.run(feeds))[to].data,
    dispose: () => model.dispose(),
  };
}
