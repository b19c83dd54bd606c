// Unit tests of static/sw.js under node --test. Request, Response, Headers, URL and
// crypto are Node's own; caches, clients and the event target do not exist there
// and are doubled as far as the script uses them. What a browser makes of it all is
// tested end to end elsewhere.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const source = readFileSync(new URL("static/sw.js", import.meta.url), "utf8");
const BASE = "https://example.com/demo/";
const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);

class FakeCache {
  entries = new Map();
  async match(request) {
    return this.entries.get(typeof request === "string" ? request : request.url)?.clone();
  }
  async put(url, response) {
    this.entries.set(url, response);
  }
}

class FakeCaches {
  byName = new Map();
  async open(name) {
    if (!this.byName.has(name)) this.byName.set(name, new FakeCache());
    return this.byName.get(name);
  }
  async keys() {
    return [...this.byName.keys()];
  }
  async delete(name) {
    return this.byName.delete(name);
  }
}

/** A host with files, and the browser around one service worker script. */
class Site {
  caches = new FakeCaches();
  fetched = [];
  claimed = 0;
  skipped = 0;
  offline = false;
  headers = {};
  constructor(files) {
    this.files = files;
  }
  fetch = async (request, init) => {
    const url = typeof request === "string" ? request : request.url;
    const path = url.slice(BASE.length).replace(/[?#].*$/, "");
    this.fetched.push(init?.cache ? `${path} ${init.cache}` : path);
    if (this.offline) throw new TypeError("Failed to fetch");
    const body = this.files[path];
    const response = body === undefined ? new Response("", { status: 404 }) : new Response(body, { headers: this.headers });
    Object.defineProperty(response, "type", { value: "basic" });
    return response;
  };
  /** Starts the script with a list of files, as the site builder would have written it. */
  worker(...paths) {
    const list = paths.map((p) => (/\.[0-9a-f]{8}\./.test(p) ? [p, ""] : [p || "./", hash(this.files[p] ?? "")]));
    assert.equal(source.split("/*precache*/[]").length, 2, "the builder's marker");
    const handlers = {};
    const self = {
      location: new URL("sw.js", BASE),
      addEventListener: (type, f) => (handlers[type] = f),
      skipWaiting: () => this.skipped++,
      clients: { claim: async () => this.claimed++ },
    };
    const { caches, fetch } = this;
    vm.runInNewContext(source.replace("/*precache*/[]", JSON.stringify(list)), {
      self, caches, fetch, crypto, URL, Headers, Response, Uint8Array, Set, console,
    });
    const waits = (type) => async () => {
      let work;
      handlers[type]({ waitUntil: (p) => (work = p) });
      await work;
    };
    return {
      install: waits("install"),
      activate: waits("activate"),
      message: (data) => handlers.message({ data }),
      /** The worker's answer, or undefined when it leaves the request to the browser. */
      ask: (path, { mode = "cors", method = "GET", headers = {}, destination = "", base = BASE } = {}) => {
        let answer;
        const request = { url: new URL(path, base).href, method, mode, destination, headers: new Headers(headers) };
        handlers.fetch({ request, respondWith: (p) => (answer = p) });
        return answer;
      },
    };
  }
}

const files = () => ({ "": "<page>", "larder.js": "code", "assets/app.12345678.wasm": "wasm", "models/leaf/1.0.0/demo/a.jpg": "jpg", "models/index.json": "{}" });
const listed = ["", "larder.js", "assets/app.12345678.wasm", "models/leaf/1.0.0/demo/a.jpg"];

async function installed() {
  const site = new Site(files());
  const worker = site.worker(...listed);
  await worker.install();
  await worker.activate();
  site.fetched = [];
  return { site, worker };
}

test("install fetches every file, hashed names from the browser's cache", async () => {
  const site = new Site(files());
  await site.worker(...listed).install();
  assert.deepEqual(site.fetched.sort(), [" no-cache", "assets/app.12345678.wasm default", "larder.js no-cache", "models/leaf/1.0.0/demo/a.jpg no-cache"].sort());
});

test("the shell answers from the cache, with the network off", async () => {
  const { site, worker } = await installed();
  site.offline = true;
  for (const path of ["", "index.html", "?from=home", "#main"]) {
    assert.equal(await (await worker.ask(path, { mode: "navigate" })).text(), "<page>", path);
  }
  assert.equal(await (await worker.ask("larder.js")).text(), "code");
  assert.equal(await (await worker.ask("models/leaf/1.0.0/demo/a.jpg")).text(), "jpg");
  assert.equal(await (await worker.ask("models/leaf/1.0.0/card.md", { mode: "navigate" })).text(), "<page>");
  assert.deepEqual(site.fetched, ["models/leaf/1.0.0/card.md"]);
});

test("cached answers make the page cross-origin isolated", async () => {
  const { worker } = await installed();
  const { headers } = await worker.ask("", { mode: "navigate" });
  assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(headers.get("cross-origin-embedder-policy"), "require-corp");
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
});

test("a decoded answer does not claim to be encoded", async () => {
  const site = new Site(files());
  site.headers = { "content-encoding": "br", "content-length": "3", "content-type": "text/html", "content-security-policy": "default-src 'self'" };
  const worker = site.worker("");
  await worker.install();
  const { headers } = await worker.ask("", { mode: "navigate" });
  assert.equal(headers.get("content-encoding"), null);
  assert.equal(headers.get("content-length"), null);
  assert.equal(headers.get("content-security-policy"), "default-src 'self'");
});

test("requests that are not the shell's are left alone", async () => {
  const { worker } = await installed();
  assert.equal(worker.ask("models/index.json"), undefined);
  assert.equal(worker.ask("larder.js", { method: "HEAD" }), undefined);
  assert.equal(worker.ask("larder.js", { method: "POST" }), undefined);
  assert.equal(worker.ask("larder.js", { headers: { range: "bytes=0-1" } }), undefined);
  assert.equal(worker.ask("larder.js", { base: "https://elsewhere.example/demo/" }), undefined);
  assert.equal(worker.ask("/other/larder.js"), undefined);
  assert.equal(worker.ask("larder.js?v=2"), undefined);
});

test("a worker script that is not listed gets the isolation headers", async () => {
  const { site, worker } = await installed();
  site.files["own-worker.js"] = "w";
  const answer = await worker.ask("own-worker.js", { destination: "worker" });
  assert.equal(answer.headers.get("cross-origin-embedder-policy"), "require-corp");
  assert.equal(await answer.text(), "w");
});

test("a listed file that the browser has dropped comes from the network", async () => {
  const { site, worker } = await installed();
  site.caches.byName.clear();
  assert.equal(await (await worker.ask("larder.js")).text(), "code");
  assert.deepEqual(site.fetched, ["larder.js"]);
});

test("a new build fetches only what changed, waits, and then deletes the old cache", async () => {
  const { site, worker } = await installed();
  site.files = { ...site.files, "": "<page 2>", "assets/app.87654321.wasm": "wasm 2" };
  const next = site.worker("", "larder.js", "assets/app.87654321.wasm", "models/leaf/1.0.0/demo/a.jpg");
  await next.install();
  assert.deepEqual(site.fetched.sort(), [" no-cache", "assets/app.87654321.wasm default"].sort());
  assert.equal(site.skipped, 0);
  assert.equal(await (await worker.ask("", { mode: "navigate" })).text(), "<page>", "the old build goes on until the new one takes over");
  next.message({ type: "other" });
  next.message(null);
  assert.equal(site.skipped, 0);
  next.message({ type: "skip-waiting" });
  assert.equal(site.skipped, 1);
  await next.activate();
  assert.equal((await site.caches.keys()).length, 1);
  assert.equal(await (await next.ask("", { mode: "navigate" })).text(), "<page 2>");
  assert.equal(await (await next.ask("larder.js")).text(), "code");
});

test("another site's cache on the same origin is not touched", async () => {
  const site = new Site(files());
  await site.caches.open("larder /demo/other/ 00");
  await site.caches.open("photos");
  const worker = site.worker(...listed);
  await worker.install();
  await worker.activate();
  assert.equal((await site.caches.keys()).length, 3);
});

test("install fails when a file is missing or is the next build's", async () => {
  const missing = new Site(files());
  const one = missing.worker(...listed, "gone.js");
  await assert.rejects(one.install(), /gone\.js: status 404/);
  const torn = new Site(files());
  const two = torn.worker(...listed);
  torn.files["larder.js"] = "code of the next build";
  await assert.rejects(two.install(), /larder\.js: not the listed version/);
});

test("an install that is tried again keeps what it has", async () => {
  const site = new Site(files());
  const worker = site.worker(...listed);
  const page = site.files[""];
  site.files[""] = "<not yet>";
  await assert.rejects(worker.install());
  site.files[""] = page;
  const before = site.fetched.length;
  await worker.install();
  assert.ok(site.fetched.length - before < listed.length);
});
