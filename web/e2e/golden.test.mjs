// The numbers: larder.js in Chromium computes what the reference computed, for every
// model that the site ships, and runs ONNX files that are no package.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { golden, manifest, plain, root, visit } from "./visit.mjs";

const PACKAGES = [
  // The reference has one line of logits for each file that could have been shipped.
  { model: "leaf", version: "1.0.0", file: "model.onnx" },
  { model: "leaf", version: "1.1.0", file: "model.onnx" },
  { model: "leaf", version: "2.0.0", file: "model-fp16w.onnx" },
  { model: "leaf-small", version: "1.0.0", file: "model-fp16w.onnx" },
];
const EXACT = 1e-3; // logits and probabilities from lossless pictures
const DECODERS = 0.02; // probabilities from JPEGs, which decoders read differently

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

// withPictures puts the lossless forms of the demo photos on the site, where the photos themselves are.
async function withPictures(site) {
  const from = path.join(root, "model/testdata/demo");
  for (const name of await fs.readdir(from)) await fs.copyFile(path.join(from, name), path.join(site.dir, name));
}

for (const { model, version, file } of PACKAGES) {
  test(`${model} ${version} computes the golden numbers`, async (t) => {
    const { site, page } = await visit(t, browser);
    const { images } = await golden(model, version);
    const { outputs } = await manifest(site, model, version);
    await withPictures(site);
    await plain(page, site);
    await page.evaluate(
      async ([name, version]) => {
        const opened = await larder.open();
        globalThis.model = await opened.load(name, { version });
      },
      [model, version],
    );
    assert.equal(await page.evaluate(() => globalThis.model.info.model.version), version);

    assert.equal(Object.keys(images).length, 7);
    for (const [name, want] of Object.entries(images)) {
      const got = await page.evaluate(compute, name);
      const where = `${name}: `;
      assert.equal(got.inputSum, want.input_sha256, where + "the prepared input");
      const logits = want.logits_onnxruntime[file];
      assertNear(got.logits, logits, EXACT, where + "logits");
      const probabilities = softmax(logits.map((v) => v / outputs[0].temperature));
      const labels = outputs[0].labels.map((l) => l.id);
      assertNear(labels.map((l) => got.lossless.classes[l]), probabilities, EXACT, where + "probabilities");
      assert.equal(got.lossless.label, want.predicted, where + "label");
      assert.equal(got.lossless.unknown, want.unknown, where + "unknown");

      assert.equal(got.jpeg.label, want.predicted, where + "label of the JPEG");
      assertNear(labels.map((l) => got.jpeg.classes[l]), want.probabilities_calibrated, DECODERS, where + "probabilities of the JPEG");
    }
  });
}

// compute runs in the page.
async function compute(name) {
  const { model } = globalThis;
  const lossless = await bytes(name.replace(/\.jpg$/, ".png"));
  const inputs = await model.preprocess(lossless);
  const sorted = ({ classes, label, unknown }) => ({ label, unknown, classes: Object.fromEntries(classes.map((c) => [c.label, c.probability])) });
  const first = model.inputs[0].name;
  return {
    inputSum: await sha256(inputs[first].data),
    logits: Array.from((await model.run(inputs))[model.outputs[0].name].data),
    lossless: sorted(await model.predict(lossless)),
    jpeg: sorted(await model.predict(await (await fetch(`models/leaf/2.0.0/demo/${name}`)).blob())),
  };
}

function softmax(list) {
  const top = Math.max(...list);
  const powers = list.map((v) => Math.exp(v - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((v) => v / sum);
}

function assertNear(got, want, tolerance, what) {
  assert.equal(got.length, want.length, what);
  for (const [i, v] of want.entries()) assert.ok(Math.abs(got[i] - v) <= tolerance, `${what}: [${i}] is ${got[i]}, want ${v}`);
}

test("larder.js works in a module worker, and takes every kind of picture", async (t) => {
  const { site, page } = await visit(t, browser);
  const want = (await golden("leaf-small", "1.0.0")).images["bean_rust.jpg"];
  await withPictures(site);
  await site.write(
    "inner.js",
    `import { open } from "./larder.js";
    const larder = await open();
    const leaf = await larder.load("leaf-small", { version: "1" });
    const blob = await (await fetch("bean_rust.png")).blob();
    const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const buffer = await blob.arrayBuffer();
    const padded = new Uint8Array(buffer.byteLength + 7);
    padded.set(new Uint8Array(buffer), 5);
    const inputs = {
      blob, buffer, bitmap, canvas,
      view: padded.subarray(5, 5 + buffer.byteLength),
      imageData: context.getImageData(0, 0, canvas.width, canvas.height),
      videoFrame: new VideoFrame(canvas, { timestamp: 0 }),
    };
    const answers = {};
    for (const [kind, input] of Object.entries(inputs)) {
      const { label, classes } = await leaf.predict(input);
      answers[kind] = { label, probability: classes[0].probability };
    }
    await leaf.dispose();
    const after = await leaf.predict(blob).catch((e) => e.code);
    await larder.close();
    const closed = await larder.load("leaf-small").catch((e) => e.code);
    postMessage({ answers, after, closed });`,
  );
  await plain(page, site);
  const { answers, after, closed } = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker(new URL("inner.js", location.href), { type: "module" });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
      }),
  );
  const top = Math.max(...want.probabilities_calibrated);
  for (const kind of ["blob", "buffer", "view", "bitmap", "canvas", "imageData", "videoFrame"]) {
    const got = answers[kind];
    assert.equal(got?.label, "bean_rust", kind);
    assertNear([got.probability], [top], kind === "videoFrame" ? DECODERS : EXACT, kind);
  }
  assert.equal(after, "closed", "a disposed model");
  assert.equal(closed, "closed", "a closed larder");
});

test("elements of a page are pictures", async (t) => {
  const { site, page } = await visit(t, browser);
  await withPictures(site);
  await plain(page, site);
  const labels = await page.evaluate(async () => {
    const leaf = await (await larder.open()).load("leaf-small");
    const image = new Image();
    image.src = "bean_rust.png";
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d").drawImage(image, 0, 0);
    const empty = document.createElement("canvas");
    empty.width = 0;
    return {
      image: (await leaf.predict(image)).label,
      canvas: (await leaf.predict(canvas)).label,
      empty: await refused(leaf.predict(empty)),
      nothing: await refused(leaf.predict("bean_rust.png")),
    };
  });
  assert.equal(labels.image, "bean_rust");
  assert.equal(labels.canvas, "bean_rust");
  assert.equal(labels.empty.code, "invalid-input");
  assert.equal(labels.nothing.code, "unsupported-input");
});

test("fromONNX runs any ONNX file", async (t) => {
  const { site, page } = await visit(t, browser);
  await withPictures(site);
  const cases = path.join(root, "model/op/optest/testdata/cases/node");
  const matmul = await fs.readFile(path.join(cases, "test_matmul_1d_1d/model.onnx"));
  await site.write("matmul.onnx", matmul);
  await site.write("shape.onnx", await fs.readFile(path.join(cases, "test_shape/model.onnx")));
  await plain(page, site);

  const got = await page.evaluate(async () => {
    globalThis.opened = await larder.open();
    const show = (tensors) => Object.values(tensors).map(({ dims, type, data }) => ({ dims, type, data: Array.from(data, String) }));
    const matmul = await opened.fromONNX(await bytes("matmul.onnx"));
    const [a, b] = matmul.inputs.map((p) => p.name);
    const vector = (...v) => ({ dims: [v.length], type: "float32", data: new Float32Array(v) });
    const given = vector(4, 5, 6);
    const product = await matmul.run({ [a]: vector(1, 2, 3), [b]: given }, { transfer: true });
    const shape = await opened.fromONNX(new Blob([await bytes("shape.onnx")]));
    const x = shape.inputs[0];
    const sizes = await shape.run({ [x.name]: { dims: [3, 4, 5], type: "float32", data: new Float32Array(60) } });
    return {
      ports: [matmul.inputs, matmul.outputs],
      product: show(product),
      givenAway: given.data.length,
      sizes: show(sizes),
      bigint: typeof Object.values(sizes)[0].data[0],
      info: matmul.info,
      sum: await sha256(await bytes("matmul.onnx")),
      wrongShape: await refused(matmul.run({ [a]: vector(1, 2), [b]: vector(1, 2, 3) })),
      missing: await refused(matmul.run({ [a]: vector(1, 2, 3) })),
      wrongLength: await refused(matmul.run({ [a]: { dims: [4], type: "float32", data: new Float32Array(3) }, [b]: vector(1, 2, 3) })),
      picture: await refused(matmul.predict(new Blob([1]))),
    };
  });
  assert.deepEqual(got.ports, [
    [{ name: "a", type: "float32", dims: [3], optional: false }, { name: "b", type: "float32", dims: [3], optional: false }],
    [{ name: "c", type: "float32", dims: [], optional: false }],
  ]);
  assert.deepEqual(got.product, [{ dims: [], type: "float32", data: ["32"] }]);
  assert.equal(got.givenAway, 0);
  assert.deepEqual(got.sizes, [{ dims: [3], type: "int64", data: ["3", "4", "5"] }]);
  assert.equal(got.bigint, "bigint");
  assert.equal(got.info.source, "bytes");
  assert.equal(got.info.model.digest, got.sum);
  assert.deepEqual(got.info.labels, []);
  for (const kind of ["wrongShape", "missing", "wrongLength"]) assert.equal(got[kind].code, "invalid-input", kind);
  assert.match(got.missing.message, /\bb\b/);
  assert.equal(got.picture.code, "unsupported-input");
});

test("fromONNX gives the logits that the package gives", async (t) => {
  const { site, page } = await visit(t, browser);
  await withPictures(site);
  await plain(page, site);
  const { packaged, bare } = await page.evaluate(async () => {
    const opened = await larder.open();
    const leaf = await opened.load("leaf", { version: "2.0.0" });
    const network = await opened.fromONNX(await bytes("models/leaf/2.0.0/model.onnx"));
    const inputs = await leaf.preprocess(await bytes("healthy.png"));
    const logits = async (m) => Array.from((await m.run({ [m.inputs[0].name]: Object.values(inputs)[0] }))[m.outputs[0].name].data);
    return { packaged: await logits(leaf), bare: await logits(network) };
  });
  assert.equal(bare.length, 3);
  assert.deepEqual(bare, packaged);
});

test("what is no model, or needs what is not there, is refused by name", async (t) => {
  const { site, page } = await visit(t, browser);
  const matmul = await fs.readFile(path.join(root, "model/op/optest/testdata/cases/node/test_matmul_1d_1d/model.onnx"));
  await site.write("matmul.onnx", matmul);
  const unheard = Buffer.from(matmul);
  unheard.write("MatMix", unheard.indexOf("MatMul"));
  await site.write("unheard.onnx", unheard);
  await plain(page, site);
  const got = await page.evaluate(async () => {
    const opened = await larder.open();
    const leaf = new Uint8Array(await bytes("models/leaf-small/1.0.0/model.onnx"));
    const noise = new Uint8Array(5000).map((_, i) => (i * 7919 + (i >> 3) * 31) & 255);
    return {
      unheard: await refused(opened.fromONNX(await bytes("unheard.onnx"))),
      noise: await refused(opened.fromONNX(noise)),
      text: await refused(opened.fromONNX(new TextEncoder().encode("<!doctype html><title>Not found</title>"))),
      cut: await refused(opened.fromONNX(leaf.subarray(0, 200_000))),
      empty: await refused(opened.fromONNX(new ArrayBuffer(0))),
      wrong: await refused(opened.fromONNX("leaf")),
      after: (await opened.fromONNX(await bytes("matmul.onnx"))).inputs.length,
    };
  });
  assert.equal(got.unheard.code, "unsupported-operator");
  assert.match(got.unheard.message, /MatMix/);
  assert.equal(got.unheard.detail.operator, "MatMix");
  for (const kind of ["noise", "text", "cut", "empty"]) assert.equal(got[kind].code, "invalid-model", `${kind}: ${got[kind].message}`);
  assert.equal(got.wrong.code, "invalid-input");
  assert.equal(got.after, 2, "the worker lives on");
});
