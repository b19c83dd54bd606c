// What larder.js does with what is stored: undo an update, carry a model to a device
// without a network as one file, keep a file that has no manifest.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { database, plain, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

test("an update is undone, exported and imported", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const seen = await page.evaluate(async () => {
    globalThis.opened = await larder.open({ threads: 1 });
    const version = async () => {
      const model = await opened.load("leaf");
      await model.dispose();
      return model.info.model.version;
    };
    const out = [];
    await opened.cache.prefetch("leaf", { version: "1.1.0" });
    out.push(await version());
    await opened.cache.rollback("leaf");
    out.push(await version());
    const old = await opened.cache.export("leaf", { version: "1.1.0" });
    const file = await opened.cache.export("leaf", { version: "2.0.0" });
    out.push(file.name, file instanceof File);
    await opened.cache.evict("leaf");
    globalThis.before = (await opened.cache.stats()).bytesDownloaded;
    for (const f of [file, old]) out.push((await opened.cache.import(f))[0].selectors.join());
    out.push(await version());
    out.push((await opened.cache.stats()).bytesDownloaded - before);
    const damaged = new Uint8Array(await file.arrayBuffer());
    damaged[damaged.length >> 1] ^= 1;
    out.push((await refused(opened.cache.import(damaged))).code, (await refused(opened.cache.import(new Blob(["no"])))).code);
    await opened.close();
    return out;
  });
  assert.deepEqual(seen, ["2.0.0", "1.1.0", "leaf-2.0.0.larder", true, "2.0.0,latest", "1.1.0", "2.0.0", 0, "corrupt", "invalid-input"]);
});

test("a file without a manifest is kept, and fetched again only when it has changed", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  await site.write("some/net.onnx", await fs.readFile(path.join(site.dir, "models/leaf/2.0.0/model.onnx")));
  const load = () =>
    page.evaluate(async () => {
      const opened = await larder.open({ threads: 1 });
      const model = await opened.load("./some/net.onnx");
      const { inputs } = model;
      const [entry] = await opened.cache.list();
      await opened.close();
      return { version: model.info.model.version, source: model.info.source, inputs: inputs.length, url: entry.url };
    });
  assert.deepEqual(await load(), { version: "0.0.1", source: "registry", inputs: 1, url: `${site.url}some/net.onnx` });
  site.forget();
  assert.equal((await load()).source, "store");
  assert.equal(site.traffic(/net\.onnx/).requests, 0);
  for (const name of ["records", "pointers"]) await database(page, name, (value) => void (value.checkedAt -= 30 * 86_400_000));
  assert.equal((await load()).version, "0.0.1");
  assert.deepEqual(site.requests(/net\.onnx/).map((r) => [r.status, r.bytes]), [[304, 0]]);
  await site.write("some/net.onnx", await fs.readFile(path.join(site.dir, "models/leaf/1.1.0/model.onnx")));
  for (const name of ["records", "pointers"]) await database(page, name, (value) => void (value.checkedAt -= 30 * 86_400_000));
  assert.equal((await load()).version, "0.0.2");
});
