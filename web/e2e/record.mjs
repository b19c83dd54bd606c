// Writes web/site/worker.ran: which functions of the worker run when people use
// image models. Run it by ./build.sh record, which builds what it needs:
//
//   node record.mjs RECORDING.wasm NAMES.json MODELS
//
// RECORDING.wasm and NAMES.json are from web/slim/record, MODELS is a folder of image
// models in ONNX (those of the benchmark), which larder.js runs with 1 and 2 threads.
import fs from "node:fs/promises";
import path from "node:path";
import { openBrowser } from "./browser.mjs";
import { startSite } from "./site.mjs";
import { demo, plain, root, start } from "./visit.mjs";

const [recording, namesFile, models] = process.argv.slice(2);
const names = JSON.parse(await fs.readFile(namesFile, "utf8"));
const ran = new Set();

/** install puts the recording in the program's place, and a receiver into its script. */
async function install(site) {
  const assets = path.join(site.dir, "assets");
  for (const name of await fs.readdir(assets)) {
    const file = path.join(assets, name);
    if (!/^worker\.[0-9a-f]+\./.test(name)) continue;
    if (/\.(br|gz)$/.test(name)) await fs.rm(file);
    else if (name.endsWith(".wasm")) await fs.copyFile(recording, file);
    else {
      const script = await fs.readFile(file, "utf8");
      const patched = script.replace("go.importObject.larder = {", "globalThis.ran = new Set(); go.importObject.larder = { ran: (n) => ran.add(n),");
      if (patched === script) throw new Error("worker.js does not give the program its imports in the way that record.mjs expects");
      await fs.writeFile(file, patched);
    }
  }
}

/** collect adds what has run in the page's workers. */
async function collect(page) {
  for (const worker of page.workers()) {
    for (const n of await worker.evaluate(() => [...(globalThis.ran ?? [])])) ran.add(n);
  }
}

const site = await startSite();
const browser = await openBrowser();
try {
  await install(site);
  for (const file of await fs.readdir(models)) {
    if (file.endsWith(".onnx")) await fs.copyFile(path.join(models, file), path.join(site.dir, file));
  }
  const { page } = browser;
  for (const visit of ["first", "second"]) {
    await start(page, site.url);
    for (const display of ["Healthy", "Bean rust"]) await demo(page, display);
    console.error(`${visit} visit of the page`);
    await collect(page);
  }
  await plain(page, site);
  await page.evaluate(async () => {
    const opened = await larder.open();
    const photo = new Blob([await bytes("models/leaf/2.0.0/demo/healthy.jpg")]);
    const names = ["leaf", "leaf-small"];
    for (const name of names) {
      const model = await opened.load(name);
      await model.predict(photo);
      await model.preprocess(photo);
      await model.dispose();
    }
    await opened.index();
    await opened.cache.list();
    await opened.cache.stats();
    for (const name of names) await opened.cache.refresh(name);
    for (const name of names) await opened.cache.evict(name);
  });
  await collect(page);
  for (const file of await fs.readdir(models)) {
    if (!file.endsWith(".onnx")) continue;
    for (const threads of [1, 2]) {
      await plain(page, site);
      console.error(`${file}, ${threads} threads`);
      await page.evaluate(
        async ([file, threads]) => {
          const opened = await larder.open({ threads, persist: false });
          for (let k = 0; k < 2; k++) {
            const model = await opened.fromONNX(await bytes(file));
            const [input] = model.inputs;
            for (let i = 0; i < 3; i++) await model.run({ [input.name]: { type: "float32", dims: [1, 3, 224, 224], data: new Float32Array(3 * 224 * 224).fill(i) } });
            await model.dispose();
          }
        },
        [file, threads],
      );
      await collect(page);
    }
  }
} finally {
  await browser.close();
  await site.stop();
}

const rules = (await fs.readFile(path.join(root, "web/site/worker.rules"), "utf8")).split("\n").filter((line) => line && !line.startsWith("#"));
const ruled = new RegExp(`^(?:${rules.map((rule) => rule.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")).join("|")})$`);
const list = [...ran].map((n) => names[n]).filter((name) => name && !ruled.test(name)).sort();
const head = `# Functions of the worker that ran in visits of the page and with image models from
# larder.js, without those that worker.rules names. Recorded: ./build.sh record.
`;
await fs.writeFile(path.join(root, "web/site/worker.ran"), head + [...new Set(list)].map((name) => `${name}\n`).join(""));
console.error(`${ran.size} of ${Object.keys(names).length} functions ran; ${list.length} of them are in web/site/worker.ran`);
