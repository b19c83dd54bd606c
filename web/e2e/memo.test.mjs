// Predictions that were made before: larder.js gives the same answer again without computing it, until somebody asks
// it to compute, the model is disposed, or the page is hidden.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { plain, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

test("the same question has the same answer, and nothing is computed", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const got = await page.evaluate(async () => {
    const opened = await larder.open();
    const leaf = await opened.load("leaf-small");
    const raw = await bytes("models/leaf/2.0.0/demo/bean_rust.jpg");
    const other = await bytes("models/leaf/2.0.0/demo/healthy.jpg");
    const bitmap = await createImageBitmap(new Blob([raw]));
    const canvas = new OffscreenCanvas(64, 64);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, 64, 64);
    const pixels = canvas.getContext("2d").getImageData(0, 0, 64, 64);
    const changed = new ImageData(pixels.data.map((v, i) => (i === 5 ? v ^ 1 : v)), 64, 64);
    const ask = [];
    const predict = async (name, model, input, options) => ask.push({ name, ...(await model.predict(input, options)) });
    const file = new Blob([raw]);
    await predict("file", leaf, file);
    await predict("the same Blob", leaf, file);
    await predict("the same Blob, computed", leaf, file, { memo: false });
    await predict("file again", leaf, new Blob([raw]));
    await predict("bytes of the file", leaf, raw);
    await predict("computed", leaf, raw, { memo: false });
    await predict("bytes of the file again", leaf, new Uint8Array(raw));
    await predict("other", leaf, other);
    await predict("pixels", leaf, pixels);
    await predict("pixels again", leaf, new ImageData(pixels.data, 64, 64));
    await predict("pixels of another shape", leaf, new ImageData(pixels.data, 128, 32));
    await predict("pixels of old", leaf, new ImageData(pixels.data, 64, 64));
    await predict("other pixels", leaf, changed);
    await predict("bitmap", leaf, bitmap);
    await predict("bitmap again", leaf, bitmap);
    const language = await opened.load("language");
    await predict("text", language, "Wo ist der Bahnhof, bitte?");
    await predict("text again", language, "Wo ist der Bahnhof, bitte?");
    const freed = await opened.cache.shrink(1);
    await predict("after shrinking", leaf, file);
    await predict("remembered again", leaf, raw);
    await leaf.dispose();
    const anew = await opened.load("leaf-small");
    await predict("after dispose", anew, raw);
    const refused = await anew.predict(raw, { memo: "no" }).catch((e) => e.code);
    await opened.close();
    const known = ask.some((a) => "known" in a);
    return { ask, freed, refused, known };
  });
  const sources = Object.fromEntries(got.ask.map((a) => [a.name, a.source]));
  assert.deepEqual(sources, {
    "file": "model", "the same Blob": "memo", "the same Blob, computed": "model", "file again": "memo", "bytes of the file": "memo", "computed": "model", "bytes of the file again": "memo", "other": "model",
    "pixels": "model", "pixels again": "memo", "pixels of another shape": "model", "pixels of old": "memo", "other pixels": "model", "bitmap": "model", "bitmap again": "model",
    "text": "model", "text again": "memo", "after shrinking": "model", "remembered again": "memo", "after dispose": "model",
  });
  const answer = (name) => { const { classes, label, unknown } = got.ask.find((a) => a.name === name); return { classes, label, unknown }; };
  for (const name of ["bytes of the file again", "the same Blob", "the same Blob, computed", "file again", "bytes of the file", "computed", "after shrinking", "after dispose"]) assert.deepEqual(answer(name), answer("file"), name);
  assert.deepEqual(answer("pixels again"), answer("pixels"));
  assert.deepEqual(answer("pixels of old"), answer("pixels"));
  assert.deepEqual(answer("text again"), answer("text"));
  const { timing } = got.ask.find((a) => a.name === "file again");
  assert.deepEqual([timing.preprocess, timing.infer, timing.postprocess], [0, 0, 0]);
  assert.ok(timing.total >= timing.decode && timing.decode > 0, JSON.stringify(timing));
  assert.ok(got.freed > 0);
  assert.equal(got.known, false, "what the worker calls a file is no part of an answer");
  assert.equal(got.refused, "invalid-input");
});

test("a hidden page keeps no answers", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const sources = await page.evaluate(async () => {
    const opened = await larder.open();
    const leaf = await opened.load("leaf-small");
    const raw = await bytes("models/leaf/2.0.0/demo/bean_rust.jpg");
    const sources = [];
    const predict = async () => sources.push((await leaf.predict(raw)).source);
    await predict();
    await predict();
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    await opened.cache.stats(); // requests are taken in their order
    await predict();
    await opened.close();
    document.dispatchEvent(new Event("visibilitychange")); // nobody listens any more
    return sources;
  });
  assert.deepEqual(sources, ["model", "memo", "model"]);
});
