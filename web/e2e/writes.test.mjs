// Crashes at a certain write in a real browser: the worker or the browser dies at write k of a download into IndexedDB, or
// the browser finds no room for it. The next start has the old version whole, or the new one, or nothing, without a network;
// with one it has the new one, and fetches what is not stored.
//
//   LARDER_KILLS=all node --test web/e2e/writes.test.mjs    every k, not the sample of a test run
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, startSite } from "./lib.mjs";
import { STORE, database, plain, visit } from "./visit.mjs";

const EVERY = process.env.LARDER_KILLS === "all";
const CHUNK = 4096;
const MODEL = { "model.onnx": 6, "labels.json": 2 }; // chunks of its files
const FILES = /^models\/small\/\d.*(onnx|labels\.json)$/;

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");

/** publish adds a version of a model of two files; of its chunks those before `same` are like those of the other version. */
async function publish(site, version, same) {
  const files = [];
  for (const [name, count] of Object.entries(MODEL)) {
    const parts = Array.from({ length: count }, (_, i) => Buffer.alloc(CHUNK, `${name} ${i} ${i < same ? "" : version} `));
    const data = Buffer.concat(parts);
    const chunks = parts.map((part) => ({ bytes: CHUNK, sha256: sha256(part) }));
    files.push({ path: name, role: name === "model.onnx" ? "model" : "labels", bytes: data.length, sha256: sha256(data), chunks });
    await site.write(`models/small/${version}/${name}`, data);
  }
  await site.write(`models/small/${version}/manifest.json`, JSON.stringify({ schema: 1, name: "small", version, files }));
}

const latest = (site, version) =>
  site.edit("models/index.json", (index) => void (index.models.small = { versions: ["1.0.0", "2.0.0"], aliases: { latest: version } }));

// What the page of this test does. A worker that is to break counts what it writes to IndexedDB and asks for at-write at
// the k-th, without going on before it is answered. Or it believes that there is room, whatever the browser estimates:
// else nothing would be written at all.
const PAGE = `
const STORE = ${JSON.stringify(STORE)} + new URL("models/", document.baseURI);
const Real = globalThis.Worker;
let armed = "";
globalThis.Worker = class extends Real {
  constructor(url, options) {
    super(armed ? "breaking.js?" + armed : url, options);
    if (armed) globalThis.breaking = this;
  }
};
const from = async (code) => {
  const opened = await larder.open({ threads: 1 });
  try {
    return await code(opened.cache);
  } catch (error) {
    return error.code ?? String(error);
  } finally {
    await opened.close();
  }
};
globalThis.bring = () => from(async (cache) => {
  const known = (await cache.list()).length > 0;
  await (known ? cache.refresh("small") : cache.prefetch("small"));
  return "done";
});
globalThis.whole = () => from(async (cache) => {
  const file = new Uint8Array(await (await cache.export("small")).arrayBuffer());
  const { corrupt, missing } = await cache.verify("small");
  return corrupt + missing > 0 ? "damaged" : sha256(file.subarray(28)); // without the time of the last check
});
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const all = (store, method) => new Promise((resolve, reject) => {
  const request = indexedDB.open(STORE);
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const got = request.result.transaction(store).objectStore(store)[method]();
    got.onsuccess = () => (request.result.close(), resolve(got.result));
    got.onerror = () => reject(got.error);
  };
});
// spilled counts the chunks that are only in the files of workers that ended: 4 bytes of mark, 4 of size and 32 of
// digest before each, of as many chunks as there are from the beginning of a file on.
const spilled = async () => {
  const stored = new Set(await all("chunks", "getAllKeys"));
  for (const table of await all("tables", "getAll")) for (let row = 0; row < table.length; row += 36) stored.add(hex(table.subarray(row, row + 32)));
  const found = new Set();
  for await (const [, handle] of await navigator.storage.getDirectory()) {
    const data = new Uint8Array(await (await handle.getFile()).arrayBuffer());
    const view = new DataView(data.buffer);
    for (let at = 0, size; at + 40 < data.length; at += 40 + size) {
      size = view.getUint32(at + 4, true);
      if (String.fromCharCode(...data.subarray(at, at + 4)) !== "LSC1" || at + 40 + size > data.length) break;
      const digest = hex(data.subarray(at + 8, at + 40));
      if (digest !== hex(new Uint8Array(await crypto.subtle.digest("SHA-256", data.subarray(at + 40, at + 40 + size))))) break;
      if (!stored.has(digest)) found.add(digest);
    }
  }
  return found.size;
};
globalThis.files = async () => {
  let n = 0;
  for await (const _ of (await navigator.storage.getDirectory()).keys()) n++;
  return n;
};
// settled opens Larder, in a worker that need not wait long, and waits until the files of workers that ended are gone.
globalThis.settled = async () => {
  armed = "what=hurry";
  const opening = larder.open({ threads: 1 });
  armed = "";
  const opened = await opening;
  while ((await files()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await opened.close();
};
globalThis.chunks = async () => (await from(async (cache) => (await cache.stats()).storeChunks)) + (await spilled());
globalThis.arm = (how) => {
  armed = how;
  globalThis.ended = bring();
  armed = "";
};
globalThis.empty = () => new Promise((resolve, reject) => {
  const request = indexedDB.deleteDatabase(STORE);
  request.onsuccess = () => resolve();
  request.onerror = () => reject(request.error);
});
`;
const COUNTING = `
const { searchParams } = new URL(location.href);
const [what, at] = [searchParams.get("what"), Number(searchParams.get("at"))];
let made = 0;
const count = () => {
  if (++made !== at) return;
  const request = new XMLHttpRequest();
  request.open("GET", "at-write", false);
  request.send();
};
if (what === "hurry") {
  const [set, now] = [setTimeout, performance.now.bind(performance)];
  performance.now = () => 50 * now();
  globalThis.setTimeout = (f, ms, ...args) => set(f, ms / 50, ...args);
} else if (what === "room") {
  StorageManager.prototype.estimate = async () => ({ usage: 0, quota: 2 ** 30 });
} else if (what === "unreadable") {
  FileSystemSyncAccessHandle.prototype.read = () => {
    throw new DOMException("the disk is broken", "NotReadableError");
  };
} else if (what === "pack") {
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...args) {
    if (this.name === "packs") count();
    return put.apply(this, args);
  };
} else if (what === "write") {
  for (const [proto, names] of [[IDBObjectStore.prototype, ["put", "add", "delete"]], [IDBCursor.prototype, ["update", "delete"]]]) {
    for (const name of names) {
      const real = proto[name];
      proto[name] = function (...args) {
        count();
        return real.apply(this, args);
      };
    }
  }
} else {
  const real = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (names, mode, options) {
    const tx = real.call(this, names, mode, options);
    if (mode === "readwrite") tx.addEventListener("complete", count);
    return tx;
  };
}
`;

/** prepared opens the page and returns, by version, the digest of what it has when all is well. */
async function prepared(site, page) {
  const worker = (await fs.readdir(path.join(site.dir, "assets"))).find((name) => /^worker\.\w+\.js$/.test(name));
  await site.write("counting.js", COUNTING);
  await site.write("breaking.js", `import "./counting.js";\nimport "./assets/${worker}";\n`);
  await plain(page, site);
  await site.write("breaking-page.js", PAGE);
  await page.addScriptTag({ url: "breaking-page.js", type: "module" });
  const good = {};
  for (const version of ["1.0.0", "2.0.0"]) {
    await publish(site, version, 3);
    await latest(site, version);
    await page.evaluate(() => empty());
    assert.equal(await page.evaluate(() => bring()), "done");
    good[version] = await page.evaluate(() => whole());
  }
  assert.match(good["1.0.0"] + good["2.0.0"], /^[0-9a-f]{128}$/);
  assert.notEqual(good["1.0.0"], good["2.0.0"]);
  return good;
}

// broken ends the worker, or what else kill ends, at one point of a download over a version ("" for none). It returns the
// page to go on with, or null if the download did not come that far.
async function broken(site, page, good, { over, what, at, kill }) {
  const name = `${what} ${at} over ${over || "nothing"}`;
  await page.evaluate(() => empty());
  if (over) {
    await latest(site, over);
    assert.equal(await page.evaluate(() => bring()), "done", name);
  }
  await latest(site, "2.0.0");
  const next = await new Promise((resolve, reject) => {
    const forget = site.intercept(/at-write$/, () => {
      forget(); // it waits for an answer that never comes
      kill(page).then(resolve, reject);
      return true;
    });
    const finished = (said) => (said === "done" ? resolve(null) : reject(new Error(`${name}: ${said}`)));
    page.evaluate((how) => (arm(how), ended), `what=${what}&at=${at}`).then(finished, () => {}); // the page may die too
  });
  await recovered(site, next ?? page, good, over ? good[over] : "not-found", name);
  return next;
}

/** recovered checks that the next start has what was there before, or the new version, whole; and then the new one. */
async function recovered(site, page, good, before, name) {
  const off = site.intercept(/\/models\//, ({ response }) => {
    response.destroy();
    return true;
  });
  const [now, stored] = await page.evaluate(async () => [await whole(), await chunks()]);
  assert.ok([before, good["2.0.0"]].includes(now), `${name}: without a network ${now}`);
  off();
  // With a network no chunk that is stored is fetched again.
  site.forget();
  assert.equal(await page.evaluate(() => bring()), "done", name);
  assert.equal(await page.evaluate(() => whole()), good["2.0.0"], name);
  const all = await page.evaluate(() => chunks());
  assert.equal(site.traffic(FILES).bytes, now === good["2.0.0"] ? 0 : (all - stored) * CHUNK, `${name}: ${stored} of ${all} chunks were stored`);
}

/** points tries one point after the other until none is reached any more, or those of the sample. */
async function points(t, site, page, { over, what, sample, kill }) {
  const good = await prepared(site, page);
  let reached = 0;
  for (let at = 1; at < 1000; at++) {
    if (!EVERY && !sample.includes(at)) continue;
    const next = await broken(site, page, good, { over, what, at, kill });
    if (!next) break;
    page = next;
    reached++;
  }
  t.diagnostic(`${reached} points`);
  assert.ok(reached >= (EVERY ? 6 : sample.length), `only ${reached} points were reached`);
}

/** terminate ends the worker in the middle of what it does. */
async function terminate(page) {
  await page.evaluate(() => breaking.terminate());
  return page;
}

/** alone gives a test a site and a browser that it may end and start again. */
async function alone(t) {
  const site = await startSite();
  const all = { site, browser: await openBrowser() };
  t.after(async () => {
    await all.browser.close();
    await site.stop();
  });
  return all;
}

/** again opens the page in a browser that was started anew. */
async function again({ site, browser: { page } }) {
  await page.goto(site.url + "plain.html");
  await page.addScriptTag({ url: "breaking-page.js", type: "module" });
  return page;
}

for (const over of ["", "1.0.0"]) {
  for (const [what, words, sample] of [["write", "a write", [2, 7]], ["commit", "the end of a transaction", [3, 6]]]) {
    test(`the worker dies at ${words} over ${over || "nothing"}`, async (t) => {
      const { site, page } = await visit(t, browser, { expected: [/models\/|net::ERR/], patience: EVERY ? 600_000 : undefined });
      await points(t, site, page, { over, what, sample, kill: terminate });
    });
    if (!EVERY && !over) continue; // the browser takes seconds to start again
    test(`the browser dies at ${words} over ${over || "nothing"}`, async (t) => {
      const own = await alone(t);
      const kill = async () => again({ ...own, browser: (own.browser = await own.browser.kill()) });
      await points(t, own.site, own.browser.page, { over, what, sample: sample.slice(1), kill });
    });
  }
}

// left ends a worker that has all chunks in its file and none in IndexedDB.
async function left(site, page) {
  await page.evaluate(() => empty());
  await latest(site, "2.0.0");
  await new Promise((resolve, reject) => {
    const forget = site.intercept(/at-write$/, () => {
      forget();
      terminate(page).then(resolve, reject);
      return true;
    });
    page.evaluate(() => (arm("what=pack&at=1"), ended)).then(reject, reject);
  });
  assert.equal(await page.evaluate(() => files()), 1, "a worker that died leaves its file");
}

const COUNT = Object.values(MODEL).reduce((a, b) => a + b);

for (const [words, kept] of [["is worth taking up", COUNT], ["is too old for that", 0]]) {
  test(`the file of a worker that died goes when nobody downloads; its download ${words}`, async (t) => {
    const { site, page } = await visit(t, browser, { expected: [/models\/|net::ERR/] });
    const good = await prepared(site, page);
    await left(site, page);
    if (!kept) await database(page, "documents", (value) => void (value.checkedAt -= 30 * 86_400_000));
    await page.evaluate(() => settled());
    assert.equal(await page.evaluate(() => chunks()), kept, "chunks that are stored");
    site.forget();
    assert.equal(await page.evaluate(() => bring()), "done");
    assert.equal(site.traffic(FILES).bytes, (COUNT - kept) * CHUNK);
    assert.equal(await page.evaluate(() => whole()), good["2.0.0"]);
  });
}

test("a file of chunks that cannot be read is no reason to fail", async (t) => {
  const { site, page } = await visit(t, browser, { expected: [/models\/|net::ERR/] });
  const good = await prepared(site, page);
  await left(site, page);
  assert.equal(await page.evaluate(() => (arm("what=unreadable"), ended)), "done");
  assert.equal(await page.evaluate(() => files()), 0);
  assert.equal(await page.evaluate(() => whole()), good["2.0.0"]);
});

// cramped gives the browser room for so many bytes and no more, until it says itself that its storage is full. The browser
// is new, because Chromium remembers for half a minute how much room there is.
async function cramped(site, page, good, room) {
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  const { usage } = await devtools.send("Storage.getUsageAndQuota", { origin });
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: usage + room });
  let has = "not-found";
  let full = "";
  for (const version of ["1.0.0", "2.0.0"]) {
    await latest(site, version);
    const said = await page.evaluate(() => (arm("what=room"), ended));
    assert.ok(["done", "quota"].includes(said), `${room} bytes of room for ${version}: ${said}`);
    if (said === "done") has = good[version];
    else full ||= version;
  }
  await devtools.send("Storage.overrideQuotaForOrigin", { origin });
  await devtools.detach();
  await recovered(site, page, good, has, `${room} bytes of room`);
  return full;
}

// Which write finds the storage full depends on the browser's books: at a step of half a chunk every write is met.
const ROOMS = EVERY ? Array.from({ length: 60 }, (_, i) => (i + 1) * (CHUNK / 2)) : [30_000, 65_000];

test("no room is left in the middle of one of two downloads", async (t) => {
  const own = await alone(t);
  const good = await prepared(own.site, own.browser.page);
  const full = [];
  for (const room of ROOMS) {
    await own.browser.page.evaluate(() => empty());
    own.browser = await own.browser.reopen();
    full.push(await cramped(own.site, await again(own), good, room));
  }
  t.diagnostic(`the download that found no room, by room in steps: ${full.map((version) => version || "-").join(" ")}`);
  assert.ok(full.includes("1.0.0") && full.includes("2.0.0"), "a download was to find no room");
});
