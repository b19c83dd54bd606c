// Many tabs and workers that want the same model at once: one downloads, the others find
// what it has stored.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { plain, visit } from "./visit.mjs";

const TABS = 20;
const WORKERS = 4;
const CHUNK = 64 << 10;
const BYTES = 24 << 20;
const FILE = /^models\/big\/1\.0\.0\/model\.onnx$/;

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");

/** publish adds a model of random bytes; it is fetched, stored and verified, never run. */
async function publish(site) {
  const data = crypto.randomBytes(BYTES);
  const chunks = [];
  for (let at = 0; at < BYTES; at += CHUNK) chunks.push({ bytes: CHUNK, sha256: sha256(data.subarray(at, at + CHUNK)) });
  const files = [{ path: "model.onnx", role: "model", bytes: BYTES, sha256: sha256(data), chunks }];
  await site.write("models/big/1.0.0/model.onnx", data);
  await site.write("models/big/1.0.0/manifest.json", JSON.stringify({ schema: 1, name: "big", version: "1.0.0", files }));
  await site.edit("models/index.json", (index) => void (index.models.big = { versions: ["1.0.0"], aliases: { latest: "1.0.0" } }));
}

const WORKER = `
import { open } from "./larder.js";
const larder = await open({ threads: 1 });
larder.cache.prefetch("big").then(() => postMessage("done"), (error) => postMessage(error.code + ": " + error.message));
`;

/** begin has a tab prefetch the model. */
const begin = (page) =>
  page.evaluate(() => {
    globalThis.finished = larder.open({ threads: 1 }).then(async (opened) => {
      await opened.cache.prefetch("big");
      return (await opened.cache.list()).map((e) => `${e.model.name} ${e.model.version}`).join();
    });
    globalThis.finished.catch(() => {}); // whoever awaits it hears of it
  });

/** crowd opens the tabs, of which the first also has the workers, and starts all of them at once. */
async function crowd(site, page) {
  await plain(page, site);
  await site.write("crowd.js", WORKER);
  const pages = [page];
  while (pages.length < TABS) pages.push(await browser.context.newPage());
  await Promise.all(pages.slice(1).map((p) => p.goto(site.url + "plain.html")));
  await page.evaluate((n) => {
    globalThis.workers = Promise.all(
      Array.from({ length: n }, () => new Promise((resolve) => (new Worker("crowd.js", { type: "module" }).onmessage = ({ data }) => resolve(data)))),
    );
  }, WORKERS);
  await Promise.all(pages.map(begin));
  return pages;
}

/** all waits for everybody and checks that each has the model. */
async function all(pages, first) {
  assert.deepEqual(await Promise.all(pages.map((p) => p.evaluate(() => finished))), pages.map(() => "big 1.0.0"));
  assert.deepEqual(await first.evaluate(() => workers), Array(WORKERS).fill("done"));
}

test(`${TABS} tabs and ${WORKERS} workers at once: each byte is fetched once`, async (t) => {
  const { site, page } = await visit(t, browser);
  await publish(site);
  const pages = await crowd(site, page);
  await all(pages, page);
  assert.equal(site.traffic(FILE).bytes, BYTES);
});
