// Values that are no tensors, in and out of larder.js: sequences are arrays, an empty
// optional is null, maps are Map.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { plain, root, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

test("a classifier's probabilities are maps", async (t) => {
  const { site, page } = await visit(t, browser);
  await site.write("zipmap.onnx", await fs.readFile(path.join(root, "model/testdata/values/zipmap.onnx")));
  await plain(page, site);
  const got = await page.evaluate(async () => {
    const opened = await larder.open();
    const model = await opened.fromONNX(await bytes("zipmap.onnx"));
    const out = await model.run({ x: { dims: [2, 2], type: "float32", data: new Float32Array([1, 0, 0, 3]) } });
    return { type: model.outputs[1].type, labels: out.label.data, maps: out.probabilities.map((m) => m instanceof Map && [...m]) };
  });
  assert.equal(got.type, "sequence(map(string, float32))");
  assert.deepEqual(got.labels, ["rose", "tulip"]);
  assert.deepEqual(got.maps.map((m) => m.map(([name]) => name)), [["rose", "tulip"], ["rose", "tulip"]]);
  assert.ok(got.maps[0][0][1] > 0.7 && got.maps[1][1][1] > 0.9, JSON.stringify(got.maps));
});

test("sequences, optionals and maps go both ways", async (t) => {
  const { site, page } = await visit(t, browser);
  await site.write("kinds.onnx", await fs.readFile(path.join(root, "model/testdata/values/kinds.onnx")));
  await plain(page, site);
  const got = await page.evaluate(async () => {
    const opened = await larder.open();
    const model = await opened.fromONNX(await bytes("kinds.onnx"));
    const vector = (...v) => ({ dims: [v.length], type: "float32", data: new Float32Array(v) });
    const inputs = { list: [vector(1), vector(2, 3)], maybe: null, words: new Map([[1, 10], [3n, 30]]) };
    const show = (v) => (v === null ? null : Array.isArray(v) ? v.map(show) : Array.from(v.data, Number));
    const run = async (changes) => Object.fromEntries(Object.entries(await model.run({ ...inputs, ...changes })).map(([k, v]) => [k, show(v)]));
    return {
      types: model.inputs.map((p) => p.type),
      empty: await run({}),
      full: await run({ maybe: vector(7), words: new Map() }),
      keys: await refused(model.run({ ...inputs, words: new Map([["a", 1]]) })),
      tensor: await refused(model.run({ ...inputs, list: vector(1) })),
      inside: await refused(model.run({ ...inputs, list: [vector(1), 5] })),
    };
  });
  assert.deepEqual(got.types, ["sequence(float32[?])", "optional(float32[?])", "map(int64, float32)"]);
  assert.deepEqual(got.empty, { joined: [1, 2, 3], has: [0], same: [[1], [2, 3]], still: null, vector: [30, 10, 0] });
  assert.deepEqual([got.full.has, got.full.still, got.full.vector], [[1], [7], [0, 0, 0]]);
  for (const kind of ["keys", "tensor", "inside"]) assert.equal(got[kind].code, "invalid-input", kind);
});
