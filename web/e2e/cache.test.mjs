// The cache, as a visitor notices it: what is asked of the network and when, and
// that the answer is right whatever happens to network, registry and storage.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { MODEL_FILES, STORE, database, demo, facts, installed, manifest, photo, pick, plain, problem, reached, rot, start, upload, visit } from "./visit.mjs";

const REGISTRY = /^models\/(?!.*\/demo\/)/; // what the cache asks for; the page itself shows the demo photos
const NETWORK = [/console: Failed to load resource/]; // what Chromium says by itself when a request fails

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

/** expire makes everything that is stored look as if it had been checked 30 days earlier. */
async function expire(page) {
  let written = 0;
  for (const name of ["records", "pointers", "documents"]) {
    written += await database(page, name, (value) => void (value.checkedAt -= 30 * 86_400_000));
  }
  assert.ok(written >= 3, `only ${written} times were found in the database`);
}

/** again reloads the page and waits until it takes photos. */
async function again(page) {
  await page.reload();
  await reached(page, "ready");
}

// asked returns what was asked of the registry, each as "path status range". The page looks at the index on every visit,
// for its list of models; where nothing has changed that is a request without a body, and it is left out here.
const asked = (site) =>
  site
    .requests(REGISTRY)
    .filter((r) => !(r.path === "models/index.json" && r.status === 304 && r.bytes === 0))
    .map((r) => [r.path.slice("models/".length), r.status, r.range].filter(Boolean).join(" "));

test("a second visit fetches nothing of a model", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/" });
  await start(page, site.url);
  const first = site.requests(MODEL_FILES);
  assert.equal(first.length, 1, "one request for the whole file");
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
  site.forget();
  await again(page);
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
  assert.deepEqual(asked(site), [], "what was asked of the registry while everything is fresh");
  assert.match((await facts(page)).Source, /stored on this device/);
});

test("with the network cut, a reload still answers", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/", expected: NETWORK });
  await start(page, site.url);
  await installed(page);
  await browser.cut();
  site.forget();
  await again(page);
  await page.locator("#network", { hasText: "Offline" }).waitFor();
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
  assert.equal((await upload(page, photo("compare_versions.jpg"))).headline, "Bean rust");
  assert.equal(await page.evaluate(() => fetch("models/leaf/1.0.0/card.md").then(() => "answered", () => "cut")), "cut");
  // The browser itself looks for a new service worker, past the emulation.
  assert.deepEqual(site.requests(/^(?!sw\.js$)/), [], "the network was not cut");
  // A model that is not there is said to be missing, and comes by itself with the network.
  await page.locator("#model").selectOption("leaf-small@");
  assert.match(await problem(page, "offline"), /not on your device yet, and the network is off/);
  await browser.cut(false);
  await reached(page, "answered");
  assert.match((await facts(page)).Model, /small/);
  assert.equal(await page.locator("#network").innerText(), "");
});

test("with the host down and the time to live over, the page answers and says how old the model is", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/", expected: NETWORK });
  await start(page, site.url);
  await installed(page);
  await expire(page);
  site.down();
  await again(page);
  assert.match(await page.locator("#stale").innerText(), /may be out of date.*checked (30 days|1 month) ago/);
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
  assert.equal((await upload(page, photo("bean_rust.jpg"))).headline, "Bean rust");
  site.up();
  await page.locator("#check").click();
  await page.locator("#stale").waitFor({ state: "detached" });
  assert.match((await facts(page)).Age, /checked just now/);
});

test("a registry that answers with errors is as good as one that is down", async (t) => {
  const { site, page } = await visit(t, browser, { expected: NETWORK });
  await start(page, site.url);
  await expire(page);
  const restore = site.intercept(/\/models\/.*\.json$/, ({ response, record }) => {
    record.status = 503;
    response.writeHead(503).end();
    return true;
  });
  await again(page);
  assert.match(await page.locator("#stale").innerText(), /may be out of date/);
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
  restore();
  await again(page);
  assert.equal(await page.locator("#stale").count(), 0);
});

test("after the time to live only index and manifest are asked for", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await expire(page);
  site.forget();
  await again(page);
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
  const requests = site.requests(REGISTRY);
  assert.deepEqual([...new Set(requests.map((r) => r.path))].sort(), ["models/index.json", "models/leaf/2.0.0/manifest.json"]);
  for (const r of requests) {
    assert.equal(r.status, 304, `${r.path}: a conditional request was due (${r.condition})`);
    assert.equal(r.bytes, 0);
  }
  assert.match((await facts(page)).Age, /checked just now/);
  // And it counts: the next visit asks for nothing.
  site.forget();
  await again(page);
  assert.deepEqual(asked(site), []);
});

// onlyVersions leaves out of the index what is published later.
async function onlyVersions(site, ...versions) {
  await site.edit("models/index.json", (index) => {
    index.models.leaf.versions = versions;
    index.models.leaf.aliases = { latest: versions.at(-1) };
  });
}

test("a new version is picked up, and only what is new is downloaded", async (t) => {
  const { site, page } = await visit(t, browser);
  await onlyVersions(site, "1.0.0");
  await start(page, site.url);
  assert.equal((await facts(page)).Version, "1.0.0");

  await onlyVersions(site, "1.0.0", "1.1.0");
  site.forget();
  await again(page);
  assert.equal((await facts(page)).Version, "1.0.0", "the time to live is not over");
  assert.deepEqual(asked(site), ["index.json 200"]);

  await expire(page);
  await again(page);
  assert.equal((await facts(page)).Version, "1.1.0");
  const { missing, bytes } = await difference(site, "1.0.0", "1.1.0");
  assert.ok(missing.length > 0 && missing.length < 4, `${missing.length} chunks differ: the test's data have changed`);
  const requests = site.requests(MODEL_FILES);
  assert.deepEqual([...new Set(requests.map((r) => r.path))], ["models/leaf/1.1.0/model.onnx"]);
  assert.equal(requests.reduce((sum, r) => sum + r.bytes, 0), bytes, asked(site).join("\n"));
  for (const r of requests) assert.equal(r.status, 206, r.range);
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
});

// difference returns which chunks of a version's model are in none of another's, and their bytes.
async function difference(site, from, to) {
  const chunks = async (version) => (await manifest(site, "leaf", version)).files.find((f) => f.path === "model.onnx").chunks;
  const had = new Set((await chunks(from)).map((c) => c.sha256));
  const missing = (await chunks(to)).filter((c) => !had.has(c.sha256));
  return { missing, bytes: missing.reduce((sum, c) => sum + c.bytes, 0) };
}

test("a person can ask for a newer version, and the photo is not lost", async (t) => {
  const { site, page } = await visit(t, browser);
  await onlyVersions(site, "1.0.0", "1.1.0");
  await start(page, site.url);
  await demo(page, "Bean rust");
  await onlyVersions(site, "1.0.0", "1.1.0", "2.0.0");
  await page.locator("#check").click();
  await page.locator("#facts dd", { hasText: /^2\.0\.0$/ }).waitFor();
  await page.locator("#check[aria-busy=false]").waitFor();
  assert.equal(await page.locator("#preview").getAttribute("alt"), "Demo photo: Bean rust");
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
});

test("a new build of the same version replaces it", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await site.publish("leaf", { from: "2.0.0", version: "2.0.1", change: (m) => void (m.outputs[0].labels[2].display = "In good health") });
  await expire(page);
  site.forget();
  await again(page);
  assert.equal((await facts(page)).Version, "2.0.1");
  assert.equal(site.traffic(MODEL_FILES).bytes, 0, "its chunks are there already");
  assert.equal((await upload(page, photo("healthy.jpg"))).headline, "In good health");
});

test("a flipped byte in the browser's storage is found, and only its chunk is fetched again", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await page.goto("about:blank");
  await plain(page, site);
  const { files } = await manifest(site, "leaf", "2.0.0");
  const { chunks } = files.find((f) => f.path === "model.onnx");
  const flip = chunks[5];
  await rot(page, flip.sha256, 1234);
  site.forget();
  await start(page, site.url);
  const start5 = chunks.slice(0, 5).reduce((sum, c) => sum + c.bytes, 0);
  const requests = site.requests(MODEL_FILES);
  assert.deepEqual(requests.map((r) => [r.status, r.range, r.bytes]), [[206, `bytes=${start5}-${start5 + flip.bytes - 1}`, flip.bytes]]);
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");

  // It is whole again.
  site.forget();
  await again(page);
  assert.deepEqual(asked(site), []);
});

test("a flipped byte without a network is said to be damage, never an answer", async (t) => {
  const { site, page } = await visit(t, browser, { expected: NETWORK });
  await start(page, site.url);
  await installed(page);
  const { files } = await manifest(site, "leaf", "2.0.0");
  await rot(page, files.find((f) => f.path === "model.onnx").chunks[3].sha256, 99);
  site.down();
  await page.reload();
  assert.match(await problem(page, "corrupt"), /damaged.*Try again with the network on/s);
  site.up();
  await page.getByRole("button", { name: "Try again" }).click();
  await reached(page, "ready");
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
});

test("the database may be deleted while the page is open", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await page.evaluate(
    (store) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(store);
        request.onsuccess = resolve;
        request.onerror = () => reject(request.error);
      }),
    `${STORE}${site.url}models/`,
  );
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
  await pick(page, "leaf-small@", "Bean leaf diseases, small", "1.0.0");
  await reached(page, "answered");
  site.forget();
  await again(page);
  assert.ok(site.traffic(MODEL_FILES).bytes > 0, "it was deleted");
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
  site.forget();
  await again(page);
  assert.deepEqual(asked(site), [], "it is stored again");
});

test("a person may clear the site's data in the middle of a download", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  let goOn;
  const cleared = new Promise((resolve) => (goOn = resolve));
  let half;
  const begun = new Promise((resolve) => (half = resolve));
  site.intercept(/leaf\/1\.1\.0\/model\.onnx$/, async ({ record }) => {
    if (!record.range.startsWith("bytes=0-")) {
      half();
      await cleared;
    }
  });
  await page.evaluate(async () => {
    globalThis.opened = await larder.open({ threads: 1 });
    globalThis.loaded = opened.load("leaf", { version: "1.1.0" });
  });
  await begun;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Storage.clearDataForOrigin", { origin: new URL(site.url).origin, storageTypes: "all" });
  await devtools.detach();
  goOn();
  const got = await page.evaluate(async () => {
    const { source } = (await loaded).info;
    const stored = await opened.cache.list();
    const found = await opened.cache.verify("leaf");
    await (await opened.load("leaf-small")).dispose(); // the locks are free, and a next download has a file
    await opened.close();
    return { source, stored: stored.map((e) => e.model.version), bad: found.corrupt + found.missing };
  });
  assert.deepEqual(got, { source: "registry", stored: ["1.1.0"], bad: 0 });
});

// Firefox closes the file that a download appends to when a person clears the site's data. Chromium does not, so this does.
test("a download goes on when the browser closes its file", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const assets = path.join(site.dir, "assets");
  const script = (await fs.readdir(assets)).find((name) => /^worker\.[0-9a-f]+\.js$/.test(name));
  const closing = `
    const { write } = FileSystemSyncAccessHandle.prototype;
    let written = 0;
    FileSystemSyncAccessHandle.prototype.write = function (...args) {
      if (++written === 5) this.close();
      return write.apply(this, args);
    };`;
  await site.write(`assets/${script}`, `${closing}\n${await fs.readFile(path.join(assets, script), "utf8")}`);
  const got = await page.evaluate(async () => {
    const opened = await larder.open({ threads: 1 });
    const { source } = (await opened.load("leaf")).info;
    const stored = await opened.cache.list();
    const found = await opened.cache.verify("leaf");
    await opened.close();
    return { source, stored: stored.map((e) => e.model.version), bad: found.corrupt + found.missing };
  });
  assert.deepEqual(got, { source: "registry", stored: ["2.0.0"], bad: 0 });
});

test("two tabs download each byte once", async (t) => {
  const { site, page } = await visit(t, browser);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  site.intercept(/\/model\.onnx$/, async () => {
    await held;
    return false;
  });
  const other = await browser.context.newPage();
  await Promise.all([page.goto(site.url), other.goto(site.url)]);
  // One of them downloads; the other waits for it.
  await page.waitForFunction(async () => (await navigator.locks.query()).pending.length > 0);
  release();
  await Promise.all([reached(page, "ready"), reached(other, "ready")]);
  assert.equal(site.traffic(/leaf\/2\.0\.0\/model\.onnx$/).requests, 1);
  const sources = await Promise.all([facts(page), facts(other)]);
  assert.deepEqual(sources.map((f) => f.Source).sort(), ["downloaded on this visit", "stored on this device"]);
  assert.equal((await demo(other, "Bean rust")).headline, "Bean rust");
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
});

test("larder.cache tells and does what the page's cache does", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const got = await page.evaluate(async () => {
    const opened = await larder.open();
    const kinds = [];
    const stop = opened.cache.on("*", (event) => kinds.push(`${event.kind} ${event.name}`));
    const progress = [];
    const first = await opened.load("leaf-small", { onProgress: (p) => progress.push(p) });
    const second = await opened.load("leaf-small", { version: "^1" });
    const [entry] = await opened.cache.list();
    const stats = await opened.cache.stats();
    const refreshed = await opened.cache.refresh("leaf-small");
    const index = await opened.index();
    await opened.cache.evict("leaf-small");
    const evicted = { list: await opened.cache.list(), use: (await first.predict(await bytes("models/leaf/2.0.0/demo/bean_rust.jpg"))).label };
    stop();
    const seen = kinds.length;
    await opened.load("leaf-small");
    return { kinds, seen, after: kinds.length, progress, sources: [first.info.source, second.info.source], entry, stats, refreshed: refreshed.length, index, evicted, info: opened.info };
  });
  assert.equal(got.info.storage, "indexeddb");
  assert.deepEqual(got.sources, ["registry", "memory"]);
  assert.equal(got.entry.model.version, "1.0.0");
  assert.equal(got.entry.inUse, 2);
  assert.ok(got.entry.selectors.includes("latest") && got.entry.selectors.includes("^1"), got.entry.selectors.join());
  assert.equal(got.stats.bytesDownloaded, 433100);
  assert.equal(got.stats.storeVersions, 1);
  assert.ok(got.stats.quota > 0);
  assert.equal(got.refreshed, 1);
  assert.equal(got.index.default, "leaf");
  assert.deepEqual(got.index.models.map((m) => m.name), ["language", "leaf", "leaf-small"]);
  assert.deepEqual(got.evicted, { list: [], use: "bean_rust" });
  for (const kind of ["committed", "served", "checked", "evicted"]) assert.ok(got.kinds.includes(`${kind} leaf-small`), `${kind}: ${got.kinds}`);
  assert.equal(got.after, got.seen, "nothing is heard after the end");
  const downloads = got.progress.filter((p) => p.phase === "download");
  assert.equal(downloads.at(-1).loaded, 433100);
  assert.equal(downloads.at(-1).total, 433100);
  assert.ok(got.progress.some((p) => p.phase === "prepare"));
});

test("what two registries of an origin call by one name are two models", async (t) => {
  const { site, page } = await visit(t, browser);
  await fs.cp(path.join(site.dir, "models"), path.join(site.dir, "other"), { recursive: true });
  await site.edit("other/index.json", (index) => void (index.models = { leaf: { versions: ["1.0.0"], aliases: { latest: "1.0.0" } } }));
  await plain(page, site);
  const seen = await page.evaluate(async () => {
    const one = await larder.open({ threads: 1 });
    const other = await larder.open({ threads: 1, models: "./other/" });
    const heard = [];
    other.cache.on("*", ({ kind, elsewhere }) => heard.push([kind, elsewhere]));
    const { version } = (await one.load("leaf")).info.model;
    const before = await other.cache.list();
    const loaded = (await other.load("leaf")).info;
    await one.cache.evict("leaf");
    const after = await other.cache.list();
    await other.cache.stats(); // whatever would be heard has been
    return { version, before, other: [loaded.model.version, loaded.source], after: after.map((e) => e.model.version), heard };
  });
  assert.deepEqual(seen, {
    version: "2.0.0",
    before: [],
    other: ["1.0.0", "registry"],
    after: ["1.0.0"],
    heard: [["committed", false], ["served", false]],
  });
});

test("the browser is asked once to keep what was downloaded, unless the page does not want that", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const asked = await page.evaluate(async () => {
    const counts = [];
    let asked = 0;
    navigator.storage.persist = async () => (asked++, false);
    const load = async (name, options) => {
      const opened = await larder.open({ threads: 1, ...options });
      await opened.load(name);
      await opened.close();
      counts.push(asked);
    };
    await load("language", { persist: false });
    await load("leaf-small");
    await load("leaf-small"); // from storage
    return counts;
  });
  assert.deepEqual(asked, [0, 1, 1]);
});

test("a model that arrives for somebody who has given up is let go", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const inUse = await page.evaluate(async () => {
    // The word that it was cancelled comes too late to stop it.
    globalThis.Worker = class extends Worker {
      postMessage(message, ...rest) {
        if (message.method !== "cancel") super.postMessage(message, ...rest);
      }
    };
    const opened = await larder.open({ threads: 1 });
    const end = new AbortController();
    const left = refused(opened.load("leaf-small", { signal: end.signal }));
    end.abort();
    const counts = [(await left).code];
    const model = await opened.load("leaf-small");
    counts.push((await opened.cache.list())[0].inUse);
    await model.dispose();
    counts.push((await opened.cache.list())[0].inUse);
    await opened.close();
    return counts;
  });
  assert.deepEqual(inUse, ["aborted", 1, 0]);
});
