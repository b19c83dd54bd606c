// How long Larder takes to load a model, and how much memory at most: as ONNX and
// compiled, from bytes, from a registry and from the browser's storage.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { openBrowser, openPage } from "./browser.mjs";
import { findRenderer, garbageCollector, settle, watchPeak } from "./memory.mjs";

/** How a package holds its model: an ONNX file, or compiled with 32-bit or 16-bit weights. */
export const FORMS = ["onnx", "f32", "f16"];

/** Makes a registry of packages of the models in these forms, below folder, and returns the sizes of what a load reads, by name. */
export function makePackages(program, models, folder, forms) {
  fs.rmSync(folder, { recursive: true, force: true });
  const sizes = {};
  for (const file of models) {
    for (const form of forms) {
      const name = `${path.basename(file, ".onnx").replaceAll("_", "-")}-${form}`;
      const args = ["add", file, "--name", name, "--version", "1.0.0", "--registry", folder];
      if (form !== "onnx") args.push("--compile", form);
      execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
      const { files } = JSON.parse(fs.readFileSync(path.join(folder, name, "1.0.0", "manifest.json"), "utf8"));
      sizes[name] = files.filter((f) => f.role === "model" || f.role === "weights").reduce((sum, f) => sum + f.bytes, 0);
    }
  }
  return sizes;
}

/**
 * Loads: for each form a browser; in it pages that find nothing and fetch from the registry, each followed by one that
 * finds the package in the browser's storage. The first visit is for the memory, the later ones for the time.
 */
export async function load(bench, cases) {
  for (const row of cases) {
    await bench.attempt(row, "load", async () => {
      row.loads = [];
      for (const form of FORMS) {
        const name = `${row.model.replaceAll("_", "-")}-${form}`;
        const sources = form === "onnx" ? ["bytes", "registry", "store"] : ["registry", "store"];
        const found = sources.map((from) => ({ form, from, bytes: bench.packages[name], ms: [], first: [] }));
        const browser = await openBrowser();
        try {
          for (let visit = 0; visit < bench.options.visits; visit++) {
            for (const one of found) await loadOnce(bench, row, browser, name, one, visit === 0);
          }
        } finally {
          await browser.close();
        }
        row.loads.push(...found);
      }
    });
  }
}

async function loadOnce(bench, row, browser, name, one, forMemory) {
  const page = await openPage(browser, bench.server.url, bench.config(row));
  await page.call("load");
  if (one.from !== "store") await page.call("forget", name);
  const watch = forMemory && one.from !== "registry" ? await watched(page, browser) : null;
  const answer = await page.call("take", one.from === "bytes" ? null : name);
  if (watch) one.memory = await watch();
  if (!forMemory) {
    one.ms.push(answer.ms);
    one.first.push(answer.first);
  }
  await page.page.close();
  if (one.from !== "bytes" && answer.source !== one.from) throw new Error(`${name} came from ${answer.source}, not from ${one.from}`);
}

// watched returns what reads the memory of a page's load: how much more than idle it took at most, and takes after
// dispose. Not of a load from the registry: of answers to requests for parts of files the attached debugger keeps the
// bodies, in the page's process.
async function watched(page, browser) {
  const pid = await findRenderer(page.page, browser.pid);
  const collect = await garbageCollector(page.page);
  const idle = await settle(collect, pid);
  const watch = watchPeak(pid);
  return async () => {
    const peak = watch.stop() - idle;
    await page.call("dispose");
    return { peak, disposed: (await settle(collect, pid)) - idle };
  };
}
