// TensorFlow.js: its core and its wasm backend, step by step through the fused graph
// that gen writes, channels last.
export const title = "TensorFlow.js";
export const where = "worker";
export const file = (model) => `nhwc/${model}.bin`;
export const graph = (model) => `nhwc/${model}.json`;

/** What the server offers under /peers/tfjs/. */
export const bundle = {
  name: "tfjs.mjs",
  source: `export * as tf from "@tensorflow/tfjs-core"; export { setWasmPaths, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";`,
};
export const files = ["", "-simd", "-threaded-simd"].map((kind) => `@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm${kind}.wasm`);

let tf;

export async function load({ threads }) {
  const module = await import("/peers/tfjs/tfjs.mjs");
  tf = module.tf;
  module.setWasmPaths("/peers/tfjs/");
  module.setThreadsCount(threads);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", threads > 1);
  await tf.setBackend("wasm");
  await tf.ready();
}

export async function create({ bytes, graph, input }) {
  const steps = graph.ops.map((op) => ({ op, w: op.w && constant(bytes, op.w), b: op.b && constant(bytes, op.b) }));
  const forward = (x) =>
    tf.tidy(() => {
      const values = { [graph.input]: x };
      for (const { op, w, b } of steps) values[op.y] = compute(op, values, w, b);
      return values[graph.output];
    });
  return {
    async run() {
      const x = tf.tensor(input.nhwc, input.nhwcShape);
      const y = forward(x);
      const scores = await y.data();
      x.dispose();
      y.dispose();
      return scores;
    },
    async dispose() {
      for (const { w, b } of steps) {
        w?.dispose();
        b?.dispose();
      }
    },
  };
}

const constant = (bytes, { off, shape }) => tf.tensor(new Float32Array(bytes, off, shape.reduce((a, b) => a * b, 1)), shape);

function compute(op, values, filter, bias) {
  const x = values[op.x];
  const activation = op.act ?? "linear";
  switch (op.op) {
    case "conv":
      return tf.fused.conv2d({ x, filter, bias, activation, strides: op.stride, pad: padding(op) });
    case "dw":
      return tf.fused.depthwiseConv2d({ x, filter, bias, activation, strides: op.stride, pad: padding(op) });
    case "fc":
      return tf.fused.matMul({ a: x, b: filter, bias });
    case "add":
      return op.act === "relu" ? tf.relu(tf.add(x, values[op.x2])) : tf.add(x, values[op.x2]);
    case "mul":
      return tf.mul(x, values[op.x2]);
    case "concat":
      return tf.concat(op.xs.map((name) => values[name]), 3);
    case "maxpool": {
      const pad = padding(op);
      // A zero is never a maximum by itself: the values are not negative.
      return Array.isArray(pad) ? tf.maxPool(tf.pad(x, pad), op.k, op.stride, "valid") : tf.maxPool(x, op.k, op.stride, pad);
    }
    case "gap":
      return tf.mean(x, [1, 2], true);
    case "sigmoid":
      return tf.sigmoid(x);
    case "flatten":
      return tf.reshape(x, [1, x.size]);
  }
  throw new Error(`${op.op}: no such step`);
}

// padding returns "same" where that is what the step means, because it is faster:
// zeros on both sides, an odd one at the end.
function padding({ pads, k, stride, ish, osh }) {
  if (pads.every((n) => n === 0)) return "valid";
  const total = [0, 1].map((i) => Math.max((osh[2 + i] - 1) * stride[i] + k[i] - ish[2 + i], 0));
  const same = [...total.map((n) => n >> 1), ...total.map((n) => n - (n >> 1))];
  if (same.every((n, i) => n === pads[i])) return "same";
  return [[0, 0], [pads[0], pads[2]], [pads[1], pads[3]], [0, 0]];
}
