// Bytes of a model from the network to the browser's disk, and from there to where it computes, beside what
// transformers.js does with the same bytes in the same run: the Cache API, which verifies and prepares nothing.
//
//   fetched  larder.cache.prefetch (every chunk verified and in IndexedDB) beside fetch and cache.put
//   read     larder.load (from IndexedDB, verified, prepared in the kernels' memory), of the ONNX file and of the compiled
//            model, and cache.verify, beside match and arrayBuffer, and that with one SHA-256 over all
//
// All take turns, each in a page (and so a process) of its own, in one browser. Memory is the highest resident set of the
// page's process above what it had before.
//
//   node web/bench/reading.mjs [MODEL.onnx] [ROUNDS]      default .build/bench/models/resnet50.onnx, 102 MB, and 5
//
// It needs a built site and program (./build.sh build, go build -o .build/larder .), Chromium, and Linux for the memory.
import { execFileSync } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { startSite } from "../e2e/site.mjs";
import { openAlone } from "./lib/alone.mjs";
import { watchPeak } from "./lib/memory.mjs";

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../..");
const file = process.argv[2] ?? path.join(root, ".build/bench/models/resnet50.onnx");
const rounds = Number(process.argv[3] ?? 5);
const VERSION = "1.0.0";

// A way makes a page ready, then goes; only going is measured. name is the model's.
const WAYS = {
  fetched: {
    "larder.cache.prefetch, verified": {
      ready: async (name) => {
        globalThis.opened = await larder.open({ threads: 1 });
        await opened.cache.evict(name);
      },
      go: (name) => opened.cache.prefetch(name),
    },
    "fetch and cache.put": {
      ready: () => caches.delete("plain"),
      go: async (name) => (await caches.open("plain")).put("/" + name, await fetch(`models/${name}/1.0.0/model.onnx`)),
    },
    "larder.load, from the registry": {
      ready: async (name) => {
        globalThis.opened = await larder.open({ threads: 1 });
        await opened.cache.evict(name);
      },
      go: async (name) => void (globalThis.kept = await opened.load(name)),
    },
  },
  read: {
    "larder.load, ONNX": {
      ready: async () => void (globalThis.opened = await larder.open({ threads: 1 })),
      go: async (name) => void (globalThis.kept = await opened.load(name)),
    },
    "larder.load, compiled": {
      ready: async () => void (globalThis.opened = await larder.open({ threads: 1 })),
      go: async (name) => void (globalThis.kept = await opened.load(name + "-f32")),
    },
    "larder.cache.verify": {
      ready: async () => void (globalThis.opened = await larder.open({ threads: 1 })),
      go: async (name) => void (await opened.cache.verify(name)),
    },
    "cache.match, arrayBuffer": {
      ready: () => {},
      go: async (name) => void (globalThis.kept = await (await caches.match("/" + name)).arrayBuffer()),
    },
    "cache.match, arrayBuffer, one SHA-256": {
      ready: () => {},
      go: async (name) => {
        globalThis.kept = await (await caches.match("/" + name)).arrayBuffer();
        await crypto.subtle.digest("SHA-256", kept);
      },
    },
  },
};

const page = `<!doctype html><html lang="en"><title>reading</title><script type="module" src="reading.js"></script>`;
const script = `import * as larder from "./larder.js"; globalThis.larder = larder;`;

const site = await startSite();
let browser;
try {
  const url = `http://127.0.0.1:${site.port}${site.base}`; // without the proxy that counts
  await site.write("reading.html", page);
  await site.write("reading.js", script);
  const add = (name, ...more) =>
    execFileSync(path.join(root, ".build/larder"), ["add", file, "--name", name, "--version", VERSION, "--registry", path.join(site.dir, "models"), ...more]);
  add("big");
  add("big-f32", "--compile", "f32");
  await site.edit("models/index.json", () => {}); // whose compressed forms are older
  browser = await openAlone();
  const megabytes = (await fs.stat(file)).size / 1e6;
  console.log(`${path.basename(file)}, ${megabytes.toFixed(1)} MB, ${rounds} rounds; ${browser.version}`);
  for (const [phase, ways] of Object.entries(WAYS)) {
    if (phase === "read") await packed(url);
    const results = Object.entries(ways).map(([name, way]) => ({ name, way, ms: [], peak: [] }));
    for (let i = 0; i < rounds; i++) for (const result of results) await measure(url, result);
    print(phase, results);
  }
} finally {
  await browser?.close();
  await site.stop();
}

/** measure has a new page go a way once. */
async function measure(url, { way, ms, peak }) {
  const page = await browser.open(url + "reading.html");
  try {
    await page.has("larder");
    await page.run(way.ready, "big");
    const pid = await page.pid();
    const idle = await page.settle(pid);
    const watch = watchPeak(pid);
    let highest = 0;
    try {
      ms.push(await page.run(timed(way.go), "big"));
    } finally {
      highest = watch.stop();
    }
    peak.push(highest - idle);
  } finally {
    await page.close();
  }
}

// timed makes the source of a function that returns how many milliseconds another takes.
function timed(go) {
  return `async (name) => { const start = performance.now(); await (${go})(name); return performance.now() - start; }`;
}

/** packed stores the compiled model too and waits until the store has packed all chunks. */
async function packed(url) {
  const page = await browser.open(url + "reading.html");
  await page.has("larder");
  await page.run(async (name) => {
    const opened = await larder.open({ threads: 1 });
    await opened.cache.prefetch(name);
    await opened.cache.prefetch(name + "-f32");
    const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    // What is left alone in the end is a chunk of its own.
    for (let loose = -1, before = -2, packs = 0; packs === 0 || loose !== before; ) {
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const db = await done(indexedDB.open("larder " + new URL("models/", document.baseURI)));
      const count = (store) => done(db.transaction(store).objectStore(store).count());
      [before, loose, packs] = [loose, await count("chunks"), await count("packs")];
      db.close();
    }
  }, "big");
  await page.close();
}

function print(phase, results) {
  console.log(`\n${phase.padEnd(42)}${["min ms", "median ms", "peak MB"].map((s) => s.padStart(12)).join("")}`);
  for (const { name, ms, peak } of results) {
    console.log(name.padEnd(42) + [Math.min(...ms), median(ms), median(peak)].map((v) => v.toFixed(0).padStart(12)).join(""));
  }
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
