// The tests' own tools: what they count and catch is what happened.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { accessibility, openBrowser, startSite } from "./lib.mjs";

const PAGE = `<!doctype html><html lang="en"><title>t</title><link rel="icon" href="data:,"><script src="a.js"></script><h1>Hello</h1>`;

let dist, site;
before(async () => {
  dist = await fs.mkdtemp(path.join(os.tmpdir(), "larder-dist-"));
  const files = {
    "index.html": PAGE,
    "a.js": "globalThis.ran = true;",
    "a.js.br": "not what a.js says",
    "models/index.json": JSON.stringify({ models: { leaf: { versions: ["1.0.0"], aliases: { latest: "1.0.0" } } } }),
    "models/index.json.br": "an old form",
    "models/leaf/1.0.0/manifest.json": JSON.stringify({ name: "leaf", version: "1.0.0" }),
    "models/leaf/1.0.0/model.onnx": "0123456789",
  };
  for (const [name, content] of Object.entries(files)) {
    await fs.mkdir(path.join(dist, path.dirname(name)), { recursive: true });
    await fs.writeFile(path.join(dist, name), content);
  }
  site = await startSite({ dist, base: "/demo/" });
});
after(async () => {
  await site?.stop();
  await fs.rm(dist, { recursive: true, force: true });
});

test("requests, bytes and 304 are counted", async () => {
  site.forget();
  const url = site.url + "models/leaf/1.0.0/model.onnx";
  const first = await fetch(url, { headers: { "accept-encoding": "identity" } });
  assert.equal(await first.text(), "0123456789");
  const part = await fetch(url, { headers: { range: "bytes=2-4" } });
  assert.equal(part.status, 206);
  assert.equal(await part.text(), "234");
  const again = await fetch(url, { headers: { "if-none-match": first.headers.get("etag"), "accept-encoding": "identity" } });
  assert.equal(again.status, 304);
  assert.deepEqual(site.traffic(/\.onnx$/), { requests: 3, notModified: 1, bytes: 13 });
  assert.deepEqual(site.requests().map((r) => r.range), ["", "bytes=2-4", ""]);
  assert.deepEqual(site.traffic(/\.wasm$/), { requests: 0, notModified: 0, bytes: 0 });
});

test("a version can be published between two visits", async () => {
  await site.publish("leaf", { from: "1.0.0", version: "2.0.0", change: (m) => void (m.title = "new") });
  const index = await (await fetch(site.url + "models/index.json")).json();
  assert.deepEqual(index.models.leaf, { versions: ["1.0.0", "2.0.0"], aliases: { latest: "2.0.0" } });
  const manifest = await (await fetch(site.url + "models/leaf/2.0.0/manifest.json")).json();
  assert.deepEqual(manifest, { name: "leaf", version: "2.0.0", title: "new" });
  assert.match(await fs.readFile(path.join(dist, "models/index.json"), "utf8"), /"latest":"1.0.0"/, "dist itself is untouched");
});

test("an answer can be replaced", async () => {
  const restore = site.intercept(/model\.onnx$/, ({ response, record }) => {
    record.status = 503;
    response.writeHead(503).end();
    return true;
  });
  assert.equal((await fetch(site.url + "models/leaf/1.0.0/model.onnx")).status, 503);
  restore();
  assert.equal((await fetch(site.url + "models/leaf/1.0.0/model.onnx")).status, 200);
});

test("the host can go down and come back", async () => {
  site.down();
  await assert.rejects(fetch(site.url));
  site.up();
  assert.equal((await fetch(site.url)).status, 200);
});

test("the browser's problems are caught, the network can be cut, a profile survives", async () => {
  const plain = await startSite({ dist, isolation: false });
  await plain.write("a.js", "localStorage.seen = Number(localStorage.seen ?? 0) + 1;");
  let browser = await openBrowser();
  try {
    const { page, problems } = browser;
    await page.goto(plain.url);
    assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), false);
    problems.none();
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.inline = true";
      document.body.append(script);
      setTimeout(() => {
        throw new Error("planted exception");
      });
      return new Promise((done) => setTimeout(done));
    });
    await problems.heard(/^policy: script-src-elem forbids inline/);
    await problems.heard(/^exception: .*planted exception/s);
    assert.throws(() => problems.none());
    for (const expected of [/inline/i, /planted/]) problems.allow(expected);
    problems.none();

    assert.deepEqual(await accessibility(page), []);
    await page.evaluate(() => document.body.append(document.createElement("button")));
    assert.match((await accessibility(page)).join(), /button-name/);

    await browser.cut();
    await assert.rejects(page.reload());
    await browser.cut(false);
    await page.reload();
    browser = await browser.reopen();
    await browser.page.goto(plain.url);
    assert.equal(await browser.page.evaluate(() => localStorage.seen), "3");
  } finally {
    await browser.close();
    await plain.stop();
  }
});
