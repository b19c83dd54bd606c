// Writes which functions of the worker run when people use the site, picture models and
// text models (web/site/worker.ran), and which of the packages that are mostly needed do
// not (web/site/worker.idle). Run it by ./build.sh record, which builds what it needs:
//
//   node record.mjs RECORDING.wasm NAMES.json MODELS
//
// RECORDING.wasm and NAMES.json are from web/slim/record, MODELS is the benchmark's folder
// of models, of which larder.js runs those below with 1 and 2 threads.
import { execFileSync } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { openBrowser } from "./browser.mjs";
import { startSite } from "./site.mjs";
import { demo, plain, root, start } from "./visit.mjs";

const [recording, namesFile, models] = process.argv.slice(2);
const names = JSON.parse(await fs.readFile(namesFile, "utf8"));
const ran = new Set();

/** The benchmark's models that must not need the rest of the program. */
const USUAL = ["squeezenet1_1", "mobilenetv2", "efficientnet_b0", "resnet18", "resnet50", "bert_tiny", "minilm_l6", "vit_tiny"];
const PICTURE = [{ name: "input", type: "float32", dims: [1, 3, 224, 224] }];

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

/** texts asks the page that classifies text. */
async function texts(page, site) {
  await page.goto(`${site.url}text.html`);
  await page.locator("#idle").waitFor();
  for (const [text, headline] of [["Wo ist der Bahnhof, bitte?", "German"], ["12345", "Not recognised"]]) {
    await page.getByRole("textbox").fill(text);
    await page.locator("#answer").filter({ hasText: headline }).waitFor();
  }
  console.error("texts");
  await collect(page);
}

/** jars looks at the page of the stored models. */
async function jars(page) {
  await page.getByRole("link", { name: "Larder", exact: true }).click();
  await page.locator(".jar-facts dd").first().waitFor();
  console.error("the Larder page");
  await collect(page);
}

/** library uses what larder.js offers for the models of the site. */
const library = (page) =>
  page.evaluate(async () => {
    const opened = await larder.open();
    const photo = new Blob([await bytes("models/leaf/2.0.0/demo/healthy.jpg")]);
    const versions = [["leaf", "1.1.0"], ["leaf", ""], ["leaf-small", ""]];
    for (const [name, version] of versions) {
      const model = await opened.load(name, { version });
      await model.predict(photo);
      await model.predict(await createImageBitmap(photo));
      await model.preprocess(photo);
      await opened.cache.list(); // with one in use
      await model.dispose();
    }
    const hide = async () => {
      for (const value of [true, false]) {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }
      await opened.cache.stats(); // requests are taken in their order
    };
    await opened.index();
    await opened.cache.list();
    await opened.cache.stats();
    for (const [name] of versions) await opened.cache.refresh(name);
    await hide();
    await opened.load("leaf-small");
    await hide();
    for (const [name] of versions) await opened.cache.evict(name);
  });

/** runs takes a model from bytes and from a file, runs it and disposes of it. */
const runs = async ([file, threads, ports]) => {
  const opened = await larder.open({ threads, persist: false });
  for (const form of [(bytes) => bytes, (bytes) => new Blob([bytes])]) {
    const model = await opened.fromONNX(form(await bytes(file)));
    for (let i = 0; i < 3; i++) {
      const feeds = ports.map(({ name, type, dims, below = 2 }) => {
        const data = new (type === "int64" ? BigInt64Array : Float32Array)(dims.reduce((a, b) => a * b, 1));
        return [name, { type, dims, data: type === "int64" ? data.map((_, at) => BigInt((at * 7 + i) % below)) : data.fill(i) }];
      });
      await model.run(Object.fromEntries(feeds));
    }
    await model.dispose();
  }
};

/** The benchmark's models that must not need the rest of the program as compiled packages either. */
const COMPILED = { mobilenetv2: "f32", efficientnet_b0: "f16", minilm_l6: "f32" }; // and how their weights are kept

/** compile puts a compiled package of a model into the site's registry. */
async function compile(site, name, form) {
  const args = ["add", path.join(models, `${name}.onnx`), "--name", name.replaceAll("_", "-"), "--version", "1.0.0", "--registry", path.join(site.dir, "models"), "--compile", form];
  execFileSync(path.join(root, ".build/larder"), args, { stdio: ["ignore", "ignore", "inherit"] });
  for (const end of ["br", "gz"]) await fs.rm(path.join(site.dir, `models/index.json.${end}`), { force: true });
}

/** packed loads a package and runs it. */
const packed = async ([name, ports]) => {
  const opened = await larder.open({ threads: 1, persist: false });
  const model = await opened.load(name);
  const feeds = ports.map(({ name, type, dims }) => [name, { type, dims, data: new (type === "int64" ? BigInt64Array : Float32Array)(dims.reduce((a, b) => a * b, 1)) }]);
  await model.run(Object.fromEntries(feeds));
  await model.dispose();
};

/** troubles does what goes wrong for people, in the page that plain opened. */
async function troubles(page) {
  console.error("what goes wrong");
  await page.evaluate(async () => {
    const opened = await larder.open({ threads: 1, persist: false });
    await refused(opened.load("no-such-model"));
    await refused(opened.load("leaf", { version: "9.9.9" }));
    await refused(opened.fromONNX(new Uint8Array([1, 2, 3])));
    const model = await opened.load("leaf");
    await refused(model.predict(new Blob(["no picture"])));
    await refused(model.run({ [model.inputs[0].name]: { type: "float32", dims: [1, 2], data: new Float32Array(2) } }));
    await refused(opened.load("leaf-small", { signal: AbortSignal.timeout(1) }));
  });
}

const site = await startSite();
const browser = await openBrowser();
try {
  await install(site);
  for (const name of USUAL) await fs.copyFile(path.join(models, `${name}.onnx`), path.join(site.dir, `${name}.onnx`));
  for (const [name, form] of Object.entries(COMPILED)) await compile(site, name, form);
  const { page } = browser;
  for (const visit of ["first", "second"]) {
    await start(page, site.url);
    for (const display of ["Healthy", "Bean rust"]) await demo(page, display);
    console.error(`${visit} visit of the page`);
    await collect(page);
  }
  await jars(page);
  await texts(page, site);
  await plain(page, site);
  await library(page);
  await collect(page);
  const listed = JSON.parse(await fs.readFile(path.join(models, "models.json"), "utf8"));
  for (const name of USUAL) {
    const { inputs = PICTURE } = listed.find((model) => model.name === name);
    for (const threads of [1, 2]) {
      await plain(page, site);
      console.error(`${name}, ${threads} threads`);
      await page.evaluate(runs, [`${name}.onnx`, threads, inputs]);
      await collect(page);
    }
  }
  for (const name of Object.keys(COMPILED)) {
    const { inputs = PICTURE } = listed.find((model) => model.name === name);
    for (const from of ["the registry", "the store"]) {
      await plain(page, site);
      console.error(`${name}, compiled, from ${from}`);
      await page.evaluate(packed, [name.replaceAll("_", "-"), inputs]);
      await collect(page);
    }
  }
  await troubles(page);
  await collect(page);
} finally {
  await browser.close();
  await site.stop();
}

/** Which function names the lines of worker.rules match: those with or without the sign ~. */
async function ruled(sign) {
  const rules = (await fs.readFile(path.join(root, "web/site/worker.rules"), "utf8")).split("\n").filter((line) => line && !line.startsWith("#"));
  const chosen = rules.filter((rule) => rule.startsWith("~") === (sign === "~")).map((rule) => rule.replace(/^~/, ""));
  return new RegExp(`^(?:${chosen.map((rule) => rule.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")).join("|")})$`);
}

async function write(file, head, list) {
  await fs.writeFile(path.join(root, "web/site", file), head + [...new Set(list)].sort().map((name) => `${name}\n`).join(""));
}

const [always, mostly] = [await ruled(""), await ruled("~")];
const seen = new Set([...ran].map((n) => names[n]));
const asked = [...new Set(Object.values(names))].filter((name) => name && !always.test(name));
await write("worker.ran", `# Functions of the worker that ran in visits of the site and with usual models from
# larder.js, without those that worker.rules names. Recorded: ./build.sh record.
`, asked.filter((name) => seen.has(name) && !mostly.test(name)));
await write("worker.idle", `# Functions that did not run then, of the packages that worker.rules marks with ~.
# Recorded: ./build.sh record.
`, asked.filter((name) => !seen.has(name) && mostly.test(name)));
console.error(`${seen.size} of ${Object.keys(names).length} functions ran`);
