// The program comes in two modules: what every visit needs, and the rest, which is
// loaded in the middle of the first call that needs it.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { installed, plain, root, start, visit } from "./visit.mjs";

const MORE = /^assets\/worker-more\.[0-9a-f]{8}\.wasm$/;
const RARE = "test_ai_onnx_ml_label_encoder_string_int"; // an operator that no picture model has
const WANT = ["0", "1", "42", "2", "42"];

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

/** withRare puts a model on the site that needs the second module. */
async function withRare(site) {
  await site.write("rare.onnx", await fs.readFile(path.join(root, "model/op/optest/testdata/cases/node", RARE, "model.onnx")));
}

/** runRare runs that model in the page and returns what it computes. */
const runRare = () =>
  larder.open().then(async (opened) => {
    globalThis.opened = opened;
    const model = await opened.fromONNX(await bytes("rare.onnx"));
    const [output] = Object.values(await model.run({ [model.inputs[0].name]: { dims: [5], type: "string", data: ["a", "b", "d", "c", "g"] } }));
    return Array.from(output.data, String);
  });

test("image models never load the rest of the program", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  for (const model of ["leaf", "leaf-small"]) {
    const label = await page.evaluate(async (model) => {
      const opened = await larder.open();
      const loaded = await opened.load(model);
      const answer = await loaded.predict(new Blob([await bytes("models/leaf/2.0.0/demo/healthy.jpg")]));
      for (const hidden of [true, false]) {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }
      await opened.cache.list();
      await opened.cache.stats();
      await loaded.dispose();
      await opened.close();
      return answer.label;
    }, model);
    assert.equal(label, "healthy", model);
  }
  assert.ok(site.traffic(/^assets\/worker\..*\.wasm$/).requests > 0, "the pattern of the program's name");
  assert.equal(site.traffic(MORE).requests, 0, "see worker.rules and worker.ran in web/site");
});

test("nor does the page of the stored models", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await page.getByRole("link", { name: "Larder", exact: true }).click();
  await page.locator(".jar-facts dd").first().waitFor();
  // The service worker fetches it too, so the worker is asked what it has fetched.
  const fetched = await page.workers().find((worker) => /worker\.[0-9a-f]+\.js/.test(worker.url())).evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  assert.ok(fetched.some((url) => url.endsWith("/models/index.json")), fetched.join(" "));
  assert.deepEqual(fetched.filter((url) => url.includes("worker-more")), []);
});

test("a rare operator brings the rest, once", async (t) => {
  const { site, page } = await visit(t, browser);
  await withRare(site);
  await plain(page, site);
  assert.deepEqual(await page.evaluate(runRare), WANT);
  assert.equal(site.traffic(MORE).requests, 1);
});

test("a rare operator works with the network gone", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/", expected: [/console: Failed to load resource/] });
  await withRare(site);
  await start(page, site.url);
  await installed(page);
  await plain(page, site);
  const file = await page.evaluate(async () => Array.from(new Uint8Array(await bytes("rare.onnx"))));
  site.down();
  await page.evaluate((file) => {
    globalThis.bytes = async () => new Uint8Array(file).buffer;
  }, file);
  assert.deepEqual(await page.evaluate(runRare), WANT);
});

test("where the rest is missing, the call fails by name", async (t) => {
  const { site, page } = await visit(t, browser, { expected: [/console: Failed to load resource/, /./] });
  await withRare(site);
  for (const name of await fs.readdir(path.join(site.dir, "assets"))) {
    if (name.startsWith("worker-more.")) await fs.rm(path.join(site.dir, "assets", name));
  }
  await plain(page, site);
  const error = await page.evaluate(async () => {
    const opened = await larder.open();
    return refused(opened.fromONNX(await bytes("rare.onnx")));
  });
  assert.equal(error.code, "not-found");
  assert.match(error.message, /the rest of the engine cannot be loaded from .*worker-more.*status 404/);
});
