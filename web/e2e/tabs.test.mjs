// Many tabs and workers that want the same model at once: one downloads, the others find
// what it has stored; when it dies another goes on from there.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { STORE, plain, visit } from "./visit.mjs";

const TABS = 20;
const WORKERS = 4;
const CHUNK = 64 << 10;
const BYTES = 24 << 20;
const LARGE = 32 << 20; // of which a leader that dies is half through
const LINES = 4; // connections of a download that somebody waits for
const FILE = /^models\/big\/1\.0\.0\/model\.onnx$/;

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");

/** publish adds a model of random bytes; it is fetched, stored and verified, never run. */
async function publish(site, size) {
  const data = crypto.randomBytes(size);
  const chunks = [];
  for (let at = 0; at < size; at += CHUNK) chunks.push({ bytes: CHUNK, sha256: sha256(data.subarray(at, at + CHUNK)) });
  const files = [{ path: "model.onnx", role: "model", bytes: size, sha256: sha256(data), chunks }];
  await site.write("models/big/1.0.0/model.onnx", data);
  await site.write("models/big/1.0.0/manifest.json", JSON.stringify({ schema: 1, name: "big", version: "1.0.0", files }));
  await site.edit("models/index.json", (index) => void (index.models.big = { versions: ["1.0.0"], aliases: { latest: "1.0.0" } }));
  return data;
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

/** open opens tabs, the first of which is page, that have larder.js and nothing else. */
async function open(site, page, tabs) {
  await plain(page, site);
  await site.write("crowd.js", WORKER);
  const more = await Promise.all(Array.from({ length: tabs - 1 }, () => browser.context.newPage()));
  await Promise.all(more.map((p) => p.goto(site.url + "plain.html")));
  return [page, ...more];
}

/** crowd has all tabs, and some workers of the first of them, prefetch the model at once. */
async function crowd(pages, workers) {
  await pages[0].evaluate((n) => {
    globalThis.workers = Promise.all(
      Array.from({ length: n }, () => new Promise((resolve) => (new Worker("crowd.js", { type: "module" }).onmessage = ({ data }) => resolve(data)))),
    );
  }, workers);
  await Promise.all(pages.map(begin));
}

/** all waits for everybody and checks that each has the model. */
async function all(pages, workers) {
  assert.deepEqual(await Promise.all(pages.map((p) => p.evaluate(() => finished))), pages.map(() => "big 1.0.0"));
  assert.deepEqual(await pages[0].evaluate(() => globalThis.workers), Array(workers).fill("done"));
}

// dam serves the file, but less than half of it until it is opened. begun resolves when the first request has come; held,
// with the number of bytes sent, when every connection waits at the dam; gone when all of these are closed.
function dam(site, data) {
  const level = 0.45 * data.length;
  const [begun, held, gone, opened] = Array.from({ length: 4 }, signal);
  let sent = 0;
  let waits = 0;
  let closed = 0;
  site.intercept(/\/big\/1\.0\.0\/model\.onnx$/, async ({ request, response, record }) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range).map(Number);
    const done = once(response, "close");
    record.status = 206;
    response.writeHead(206, {
      etag: '"big"',
      "content-length": to + 1 - from,
      "content-range": `bytes ${from}-${to}/${data.length}`,
      "cross-origin-resource-policy": "same-origin",
    });
    response.flushHeaders();
    begun.give();
    for (let at = from; at <= to && !response.destroyed; ) {
      if (sent >= level && !opened.given) {
        done.then(() => ++closed === LINES && gone.give());
        if (++waits === LINES) held.give(sent);
        await opened.promise;
        continue;
      }
      const piece = data.subarray(at, Math.min(at + 50_000, to + 1)); // ends inside of a chunk
      at += piece.length;
      sent += piece.length;
      record.bytes += piece.length;
      await new Promise((resolve) => response.write(piece, resolve)); // also when it is closed
    }
    response.end();
    return true;
  });
  return { begun: begun.promise, held: held.promise, gone: gone.promise, open: opened.give };
}

/** signal is a promise that somebody else resolves. */
function signal() {
  const s = { given: false };
  s.promise = new Promise((resolve) => {
    s.give = (value) => {
      s.given = true;
      resolve(value);
    };
  });
  return s;
}

// waiting waits until so many others wait for the lock of a model's download.
const waiting = (page, count) =>
  page.waitForFunction(async (count) => (await navigator.locks.query()).pending.length >= count, count, { polling: 50 });

// stored waits until so many chunks are in the store.
const stored = (page, count) =>
  page.waitForFunction(
    async ([count, store]) => {
      const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
      const db = await done(indexedDB.open(store + new URL("models/", document.baseURI)));
      const all = (name, method) => done(db.transaction(name).objectStore(name)[method]());
      // A table of a pack has 36 bytes for each chunk.
      const found = (await all("tables", "getAll")).reduce((sum, table) => sum + table.length / 36, await all("chunks", "count"));
      db.close();
      return found >= count;
    },
    [count, STORE],
    { polling: 50 },
  );

test(`${TABS} tabs and ${WORKERS} workers at once: each byte is fetched once`, async (t) => {
  const { site, page } = await visit(t, browser);
  await publish(site, BYTES);
  const pages = await open(site, page, TABS);
  await crowd(pages, WORKERS);
  await all(pages, WORKERS);
  assert.equal(site.traffic(FILE).bytes, BYTES);
});

test("what another tab does to what is stored is heard at once", async (t) => {
  const { site, page } = await visit(t, browser);
  const latest = (version) => site.edit("models/index.json", (index) => void (index.models.leaf.aliases.latest = version));
  const [one, other] = await open(site, page, 2);
  await latest("1.0.0");
  await one.evaluate(async () => {
    globalThis.opened = await larder.open({ threads: 1 });
    await opened.cache.prefetch("leaf");
  });
  await latest("1.1.0");
  await one.evaluate(() => opened.cache.refresh("leaf"));
  await other.evaluate(async () => {
    globalThis.opened = await larder.open({ threads: 1 });
    globalThis.heard = (kind) => (globalThis.event = new Promise((resolve) => opened.cache.on(kind, resolve)));
  });
  const kinds = { "rolled-back": ["rollback", "1.0.0"], pinned: ["pin", "1.0.0"], unpinned: ["unpin", "1.0.0"], updated: ["refresh", "1.1.0"] };
  for (const [kind, [method, version]] of Object.entries(kinds)) {
    await other.evaluate(async (kind) => {
      await (await opened.load("leaf")).dispose();
      void heard(kind);
    }, kind);
    await one.evaluate((method) => opened.cache[method]("leaf"), method);
    const event = await other.evaluate(() => event);
    assert.deepEqual([event.name, event.elsewhere], ["leaf", true], kind);
    const loaded = await other.evaluate(async () => {
      const model = await opened.load("leaf");
      const { version } = model.info.model;
      await model.dispose();
      return version;
    });
    assert.equal(loaded, version, kind);
  }
});

// The bytes that the server sends are counted. It stops in the middle and the leader dies when it has taken what came, so
// that what is lost is the product's doing; what is on its way through a network when its reader dies is lost besides.
test("the leader dies midway: another goes on, and loses no more than a chunk for each connection", async (t) => {
  const [tabs, workers] = [TABS - 1, WORKERS];
  const { site, page } = await visit(t, browser);
  const data = await publish(site, LARGE);
  const pages = await open(site, page, tabs);
  const leader = await browser.context.newPage();
  await leader.goto(site.url + "plain.html");
  const flow = dam(site, data);
  await leader.evaluate(() => void larder.open({ threads: 1 }).then((opened) => opened.load("big"))); // it will not live to see that this is no model
  await flow.begun;
  await crowd(pages, workers);
  const sent = await flow.held;
  await waiting(page, tabs + workers);
  await stored(page, Math.ceil(sent / CHUNK) - LINES);
  await leader.close();
  await flow.gone;
  flow.open();
  await all(pages, workers);
  const twice = site.traffic(FILE).bytes - LARGE;
  t.diagnostic(`${(1 + twice / LARGE).toFixed(4)} times the file's bytes were sent`);
  assert.ok(twice <= LINES * CHUNK && twice <= 0.02 * LARGE, `${twice} bytes were sent twice`);
});
