// Runs a model as the job says and sends the server where the time went.

const WARMUP = 2;

async function measure() {
  const job = await (await fetch("job.json")).json();
  const { open } = await import("../site/larder.js");
  const larder = await open({ models: "/registry/", threads: job.threads, persist: false });
  const load = async (profile) =>
    job.name
      ? larder.load(job.name, { version: job.version, profile })
      : larder.fromONNX(await (await fetch("model.onnx")).arrayBuffer(), { threads: job.threads, profile });
  const model = await load(false);
  const watched = await load(true);
  const input = await prepare(model, job);
  const once = (m) => (job.picture ? m.predict(input) : m.run(input));

  const first = await timed(() => once(model));
  for (let i = 0; i < WARMUP; i++) await once(model);
  const plain = [];
  let best = null;
  for (let i = 0; i < job.runs; i++) {
    plain.push(await timed(() => once(model)));
    await once(watched);
    if (best === null || watched.profile.total < best.total) best = watched.profile;
  }
  plain.sort((a, b) => a - b);
  const { engine, threads, threadsReason } = model.info;
  const { table, ...profile } = best;
  return { engine, threads, threadsReason, first, run: plain[plain.length >> 1], profile, table };
}

async function timed(f) {
  const start = performance.now();
  await f();
  return performance.now() - start;
}

// prepare returns what run takes, or the picture for predict.
async function prepare(model, job) {
  if (job.picture) return (await fetch("input")).arrayBuffer();
  if (job.dims) {
    const data = new Float32Array(await (await fetch("input")).arrayBuffer());
    return { [model.inputs[0].name]: { dims: job.dims, type: "float32", data } };
  }
  const inputs = {};
  for (const port of model.inputs) {
    if (!port.optional || job.shapes?.[port.name]) inputs[port.name] = random(port, job.shapes?.[port.name]);
  }
  return inputs;
}

const ARRAYS = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, bfloat16: Uint16Array, int8: Int8Array, int16: Int16Array, int32: Int32Array,
  int64: BigInt64Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array, bool: Uint8Array,
};

// random makes a tensor of the port's sizes: floats from -1 to 1, integers 0 and 1, which are ids, flags and lengths
// that most models take. Half floats are zeros.
function random(port, shape) {
  const dims = shape ?? port.dims?.map((d, i) => (typeof d === "number" ? d : i === 0 ? 1 : undefined));
  if (!dims || dims.includes(undefined)) {
    throw Object.assign(new Error(`input "${port.name}" has sizes that vary (${port.dims?.join("x") ?? "of any rank"}): give them, such as --shape ${port.name}=1x3x224x224`), { code: "invalid-input" });
  }
  const type = port.type ?? "float32";
  const array = ARRAYS[type];
  if (!array) throw Object.assign(new Error(`input "${port.name}" is ${type}, which has no random values: give a file`), { code: "unsupported-input" });
  const data = new array(dims.reduce((a, b) => a * b, 1));
  let seed = 1;
  const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < data.length; i++) {
    if (array === Float32Array || array === Float64Array) data[i] = 2 * next() - 1;
    else if (array === BigInt64Array || array === BigUint64Array) data[i] = BigInt(Math.round(next()));
    else if (array !== Uint16Array || type === "uint16") data[i] = Math.round(next());
  }
  return { dims, type, data };
}

let result;
try {
  result = await measure();
} catch (error) {
  result = { error: { code: error.code ?? "internal", message: error.message } };
}
await fetch("result", { method: "POST", body: JSON.stringify(result) });
