// What stays in the worker when a model goes: no memory of its own, in no thread, and of
// Go's heap, which never shrinks, no more after many loads than after a few. Megabytes of
// the whole process are measured by ./build.sh bench; here only what repeats exactly is.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { plain, visit } from "./visit.mjs";

const MB = 1 << 20;
const MODEL = "models/leaf/2.0.0/model.onnx"; // of larder's demo registry
const FEW = 3; // loads after which Go's heap has its size
const MANY = 10;
const ROUNDS = 500; // of collecting garbage, one task each; a machine that is busy needs more than a few

let browser;
before(async () => void (browser = await openBrowser({ args: ["--js-flags=--expose-gc"] })));
after(() => browser?.close());

// watched puts a script in front of the worker's and the threads' that remembers, weakly, every memory that they make or
// are sent, and Go's own.
async function watched(site) {
  const script = `{
    const seen = globalThis.seenMemories = [];
    const keep = (memory) => void seen.push(new WeakRef(memory));
    const { Memory, instantiate } = WebAssembly;
    WebAssembly.Memory = new Proxy(Memory, { construct: (what, args) => { const made = new what(...args); keep(made); return made; } });
    WebAssembly.instantiate = async (...args) => {
      const made = await instantiate(...args);
      if (made.exports?.mem) globalThis.goMemory = made.exports.mem;
      return made;
    };
    addEventListener("message", ({ data }) => { if (data.memory) keep(data.memory); });
  }\n`;
  const assets = path.join(site.dir, "assets");
  for (const name of await fs.readdir(assets)) {
    if (!/^(worker|thread)\.[0-9a-f]+\.js$/.test(name)) continue;
    await site.write(`assets/${name}`, script + (await fs.readFile(path.join(assets, name), "utf8")));
  }
}

// arenas returns the sizes of the models' memories that are still there in a worker or thread, after its garbage was
// collected: again and again, because one object keeps another, and some wait for a task to end.
const arenas = (worker, wanted) =>
  worker.evaluate(async ([rounds, wanted]) => {
    let alive = [];
    for (let i = 0; i < rounds; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve));
      alive = seenMemories.map((ref) => ref.deref()?.buffer.byteLength).filter((size) => size !== undefined);
      if (alive.length === wanted) break;
    }
    return alive;
  }, [ROUNDS, wanted]);

for (const threads of [1, 2]) {
  test(`ten loads leave no memory behind, ${threads} thread(s)`, async (t) => {
    const { site, page } = await visit(t, browser);
    await watched(site);
    await plain(page, site);
    await page.evaluate(async (threads) => void (globalThis.opened = await larder.open({ threads })), threads);
    const workers = () => page.workers().filter((w) => /\/(worker|thread)\.[^/]*js$/.test(w.url()));
    const main = workers().find((w) => w.url().includes("/worker."));
    const go = () => main.evaluate(() => goMemory.buffer.byteLength);
    const sizes = [await go()];
    for (let load = 1; load <= MANY; load++) {
      await page.evaluate(async ([file, odd]) => {
        const data = await bytes(file);
        globalThis.model = odd ? await opened.fromONNX(new Blob([data])) : await opened.load("leaf", { version: "2.0.0" });
        const { name } = model.inputs[0];
        await model.run({ [name]: { dims: [1, 3, 224, 224], type: "float32", data: new Float32Array(150528) } });
      }, [MODEL, load % 2 === 1]);
      assert.equal(workers().length, threads, "workers");
      for (const worker of workers()) {
        const found = await arenas(worker, 1);
        assert.equal(found.length, 1, `load ${load}: memories of a loaded model: ${found}`);
        assert.ok(found[0] > 4 * MB, `load ${load}: a memory of ${found} bytes has no room for the weights`);
      }
      await page.evaluate(() => model.dispose().then(() => (globalThis.model = null)));
      for (const worker of workers()) {
        assert.deepEqual(await arenas(worker, 0), [], `load ${load}: memories after dispose in ${worker.url()}`);
      }
      sizes.push(await go());
    }
    t.diagnostic(`Go's memory, in MB: ${sizes.map((n) => n / MB).join(" ")}`);
    assert.ok(sizes[MANY] - sizes[0] <= 8 * MB, `Go's memory grew by ${sizes[MANY] - sizes[0]} bytes`);
    assert.ok(sizes[MANY] - sizes[FEW] <= 2 * MB, `Go's memory grew from load ${FEW} to ${MANY}: ${sizes}`);
  });
}
