// Compiled models in Chromium: packages that `larder add --compile` makes of the demo
// models compute the golden numbers, from the registry and from the browser's storage,
// and damaged weights are never computed with.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { openBrowser } from "./lib.mjs";
import { golden, installed, manifest, plain, root, rot, start, visit } from "./visit.mjs";

const NETWORK = [/console: Failed to load resource/]; // what Chromium says by itself when a request fails
const MORE = /^assets\/worker-more\.[0-9a-f]{8}\.wasm$/;
const WEIGHTS = /^models\/.*\/weights\.bin$/;

const MODELS = [
  { model: "leaf", version: "2.0.0", file: "model-fp16w.onnx" }, // the reference's name for the file of the package
  { model: "leaf-small", version: "1.0.0", file: "model-fp16w.onnx" },
];
const ROUNDED = { model: "leaf", version: "1.0.0", file: "model.onnx" }; // its weights are no 16-bit numbers

// How far logits may be from the reference's. The packages above hold weights that were 16-bit numbers before, so that
// 16 bits lose nothing; those of leaf 1.0.0 are rounded to 11 binary digits here for the first time, each by up to
// 2^-12 of itself. That was measured to move its logits, of up to 8, by 0.006 at most; five times that is allowed.
const EXACT = 1e-3;
const ROUNDING = 0.03;

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

// addCompiled adds a compiled form of a model to the site's registry, as the model "<model>-<form>".
async function addCompiled(site, { model, version }, form) {
  const m = await manifest(site, model, version);
  const [{ image }] = m.inputs;
  const [{ labels, temperature, unknownThreshold }] = m.outputs;
  const { divisor, mean } = image.normalize;
  const training = {
    classes: labels.map((l) => l.id),
    temperature,
    unknown_threshold: unknownThreshold,
    input: { scale: 1 / divisor, offset: -mean[0] },
  };
  const file = path.join(site.dir, `${model}.labels.json`);
  await fs.writeFile(file, JSON.stringify(training));
  const name = `${model}-${form}`;
  const args = ["add", path.join(site.dir, "models", model, version, "model.onnx"), "--name", name, "--version", "1.0.0"];
  args.push("--labels", file, "--output", "logits", "--compile", form, "--registry", path.join(site.dir, "models"));
  await promisify(execFile)(path.join(root, ".build", "larder"), args, { cwd: root });
  await site.edit("models/index.json", () => {}); // its compressed forms are out of date
  const made = await manifest(site, name, "1.0.0");
  assert.equal(made.model.format, "plan");
  return { name, weights: made.files.find((f) => f.role === "weights") };
}

// withPictures puts the lossless forms of the demo photos on the site.
async function withPictures(site) {
  const from = path.join(root, "model/testdata/demo");
  for (const name of await fs.readdir(from)) await fs.copyFile(path.join(from, name), path.join(site.dir, name));
}

// compute runs in a page: opens larder.js anew, loads a model and returns the logits of pictures and what is said of them.
async function compute({ url, name, threads, pictures }) {
  const { open } = await import(url);
  const opened = await open({ threads });
  try {
    const model = await opened.load(name);
    const answers = {};
    for (const [picture, bytes] of Object.entries(pictures)) {
      const lossless = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
      const logits = (await model.run(await model.preprocess(lossless))).logits.data;
      answers[picture] = { logits: Array.from(logits), label: (await model.predict(lossless)).label };
    }
    return { info: { ...model.info }, answers, stats: await opened.cache.stats() };
  } catch (error) {
    return { code: error.code, message: error.message };
  } finally {
    await opened.close();
  }
}

// lossless reads pictures for compute: they come with the call, so that it needs no network.
async function lossless(images) {
  const read = async (name) => [name, await fs.readFile(path.join(root, "model/testdata/demo", name.replace(/\.jpg$/, ".png")), "base64")];
  return Object.fromEntries(await Promise.all(Object.keys(images).map(read)));
}

function assertGolden(got, { images, file }, tolerance, what) {
  assert.equal(got.code, undefined, `${what}: ${got.message}`);
  let worst = 0;
  for (const [name, want] of Object.entries(images)) {
    const logits = want.logits_onnxruntime[file];
    assert.equal(got.answers[name].logits.length, logits.length);
    got.answers[name].logits.forEach((v, i) => {
      assert.ok(Math.abs(v - logits[i]) <= tolerance, `${what}: ${name}: logit ${i} is ${v}, want ${logits[i]}`);
      worst = Math.max(worst, Math.abs(v - logits[i]));
    });
    assert.equal(got.answers[name].label, want.predicted, `${what}: ${name}`);
  }
  return worst;
}

for (const form of ["f32", "f16"]) {
  test(`a package compiled to ${form} computes the golden numbers, also with the network cut`, async (t) => {
    const { site, page } = await visit(t, browser, { expected: NETWORK });
    const url = site.url + "larder.js";
    await start(page, site.url);
    await installed(page); // the service worker keeps the program
    const cases = [];
    for (const one of MODELS) {
      const { images } = await golden(one.model, one.version);
      assert.equal(Object.keys(images).length, 7);
      cases.push({ ...one, ...(await addCompiled(site, one, form)), images, pictures: await lossless(images) });
    }
    const pass = async (threads, source) => {
      for (const { name, pictures, ...one } of cases) {
        const got = await page.evaluate(compute, { url, name, threads, pictures });
        const what = `${name} from ${source}, ${threads} thread(s)`;
        const worst = assertGolden(got, one, EXACT, what);
        t.diagnostic(`${what}: logits differ by at most ${worst.toPrecision(2)}`);
        assert.equal(got.info.threads, threads, what);
        assert.equal(got.info.source, source, what);
      }
    };
    await pass(1, "registry");
    await pass(2, "store");
    await browser.cut();
    site.forget();
    for (const threads of [1, 2]) await pass(threads, "store");
    assert.deepEqual(site.requests(WEIGHTS), [], "the network was not cut");
  });
}

test("a compiled package never loads the rest of the program", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const { name } = await addCompiled(site, MODELS[0], "f32");
  for (const source of ["registry", "store"]) {
    const found = await page.evaluate(async ({ url, name }) => {
      const { open } = await import(url);
      const opened = await open({ threads: 1 });
      const model = await opened.load(name);
      await model.predict(new ImageData(8, 8));
      await opened.close();
      return model.info.source;
    }, { url: site.url + "larder.js", name });
    assert.equal(found, source);
  }
  assert.equal(site.traffic(MORE).requests, 0, "see worker.rules, worker.ran and worker.idle in web/site");
});

test("weights rounded to 16 bits move the scores by little", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const { images } = await golden(ROUNDED.model, ROUNDED.version);
  const { name, weights } = await addCompiled(site, ROUNDED, "f16");
  const onnx = (await manifest(site, ROUNDED.model, ROUNDED.version)).files.find((f) => f.role === "model");
  assert.ok(weights.bytes < 0.55 * onnx.bytes, `${weights.bytes} bytes of ${onnx.bytes}`);
  const got = await page.evaluate(compute, { url: site.url + "larder.js", name, threads: 1, pictures: await lossless(images) });
  const worst = assertGolden(got, { ...ROUNDED, images }, ROUNDING, name);
  t.diagnostic(`logits differ by at most ${worst.toPrecision(2)}`);
  assert.ok(worst > EXACT / 10, "nothing was rounded");
});

test("a damaged chunk of compiled weights is refused or fetched again", async (t) => {
  const { site, page } = await visit(t, browser, { expected: NETWORK });
  await plain(page, site);
  const url = site.url + "larder.js";
  const { images } = await golden("leaf", "2.0.0");
  const want = { ...MODELS[0], images };
  const { name, weights } = await addCompiled(site, MODELS[0], "f32");
  const ask = async () => page.evaluate(compute, { url, name, threads: 1, pictures: await lossless(images) });
  const file = path.join(site.dir, "models", name, "1.0.0", weights.path);
  const whole = await fs.readFile(file);
  const before = weights.chunks.slice(0, 3).reduce((sum, c) => sum + c.bytes, 0);
  const { sha256, bytes } = weights.chunks[3];

  // In the registry.
  const damaged = Buffer.from(whole);
  damaged[before + 1234] ^= 0x40;
  await site.write(path.relative(site.dir, file), damaged);
  assert.equal((await ask()).code, "corrupt");
  await site.write(path.relative(site.dir, file), whole);
  assertGolden(await ask(), want, EXACT, "mended");

  // In the browser's storage, with the registry there and then without.
  await rot(page, sha256, 1234);
  site.forget();
  const again = await ask();
  assertGolden(again, want, EXACT, "fetched again");
  assert.equal(again.stats.corruptChunks, 1);
  assert.deepEqual(site.requests(WEIGHTS).map((r) => [r.status, r.range, r.bytes]), [[206, `bytes=${before}-${before + bytes - 1}`, bytes]]);

  await rot(page, sha256, 1234);
  const restore = site.intercept(/\/models\//, ({ response }) => {
    response.destroy();
    return true;
  });
  assert.equal((await ask()).code, "corrupt");
  restore();
  assertGolden(await ask(), want, EXACT, "back again");
});
