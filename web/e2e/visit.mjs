// What several end-to-end tests do: visit the page, give it a photo, read what it
// says; use larder.js without the page; look into the browser's database.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startSite } from "./site.mjs";

/** The folder of the sources. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** The classes as the page names them, by label. */
export const DISPLAY = { angular_leaf_spot: "Angular leaf spot", bean_rust: "Bean rust", healthy: "Healthy" };

/** What is fetched of a model besides the index: the file that a prediction needs. */
export const MODEL_FILES = /^models\/.*\.onnx$/;

/** The path of a demo photo of leaf 2.0.0, in the sources. */
export const photo = (name) => path.join(root, "web/static/models/leaf/2.0.0/demo", name);

/** Milliseconds after which a test is given up: several times what the longest takes on a busy machine. */
const PATIENCE = 400_000;

// visit starts a site of its own for a test (a new origin: nothing is stored for it yet) and opens a page in a browser
// that tests share. Both end with the test, which then fails if an unexpected problem came up; expected: patterns of
// those that the test provokes; patience: milliseconds after which it is given up.
export async function visit(t, browser, { expected = [], patience: limit = PATIENCE, ...options } = {}) {
  browser.problems.list.length = 0;
  const site = await startSite(options);
  const page = await browser.context.newPage();
  const patience = setTimeout(() => page.close(), limit); // what waits in the page then fails, instead of for ever
  t.after(async () => {
    clearTimeout(patience);
    await browser.cut(false);
    for (const page of browser.context.pages()) {
      if (page.url().startsWith(site.url)) await page.close();
    }
    await site.stop();
    const unexpected = browser.problems.list.filter((text) => !expected.some((pattern) => pattern.test(text)));
    assert.deepEqual(unexpected, [], "problems in the browser");
  });
  return { site, page };
}

/** installed waits until the service worker has kept everything and serves the page. */
export const installed = (page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");

// reached waits until the page is in a phase, and fails at once if it failed instead.
export async function reached(page, phase) {
  const app = page.locator(`#app[data-phase="${phase}"], #app[data-phase="failed"]`);
  await app.waitFor();
  const found = await app.getAttribute("data-phase");
  if (found !== phase) assert.fail(`the page is ${found}, not ${phase}: ${await page.locator("#verdict").innerText()}`);
}

/** start opens the page and waits until it takes photos. */
export async function start(page, url) {
  await page.goto(url);
  await reached(page, "ready");
}

/** demo chooses a demo photo by what it shows, and returns the answer. */
export function demo(page, display) {
  return answer(page, "Demo photo", () => page.getByRole("button", { name: display, exact: true }).click());
}

/** upload chooses a file, a path or {name, mimeType, buffer}, and returns the answer. */
export function upload(page, file) {
  return answer(page, "Your photo", () => choose(page, file));
}

/** choose only chooses a file. */
export const choose = (page, file) => page.setInputFiles("#photo", file);

// answer calls give, which gives the page a picture, and returns what the page then says. caption is how the page calls
// that picture. That the answer is to this picture and not to the one before is known from the picture on show: it and
// the phase change together. An answer stands alone: no older problem, no offer to wait.
export async function answer(page, caption, give) {
  await shown(page, caption, give);
  await reached(page, "answered");
  assert.equal(await page.locator(".problem, .progress, .working, .idle").count(), 0, await page.locator("#verdict").innerText());
  return reading(page);
}

// complaint calls give, which gives the page a picture that it must refuse with that code, and returns what it says.
export async function complaint(page, caption, code, give) {
  await shown(page, caption, give);
  return problem(page, code);
}

async function shown(page, caption, give) {
  const look = ([before, caption]) => {
    const now = `${document.querySelector("figcaption")?.textContent} ${document.getElementById("preview")?.src}`;
    return now !== before && now.startsWith(caption) ? now : "";
  };
  const before = await page.evaluate(look, ["", ""]);
  await give();
  await page.waitForFunction(look, [before, caption]);
}

/** reading returns what the page says about the picture on show. */
export function reading(page) {
  return page.evaluate(() => {
    const text = (selector) => document.querySelector(selector)?.textContent.trim() ?? null;
    return {
      headline: text("#answer"),
      lead: text(".answer .lead"),
      unknown: document.querySelector(".answer").dataset.unknown === "true",
      rows: [...document.querySelectorAll(".classes tbody tr")].map((row) => ({
        label: row.querySelector("th").textContent.trim(),
        percent: row.querySelector(".figure").textContent.trim(),
        meter: row.querySelector("meter").value,
        top: row.dataset.top === "true",
      })),
      status: text("#status"),
    };
  });
}

// pick chooses a model from the list and waits until it is the one in use, by title and version as the page shows them.
export async function pick(page, value, title, version) {
  await page.locator("#model").selectOption(value);
  await page.waitForFunction(
    ([title, version]) => {
      const told = [...document.querySelectorAll("#facts dd")].map((e) => e.textContent.trim());
      return told.includes(title) && told.includes(version);
    },
    [title, version],
  );
}

/** problem waits until the page says what went wrong, with that code, and returns it. */
export async function problem(page, code) {
  await page.locator(".problem").waitFor().catch(() => {}); // what it says instead follows
  const text = await page.locator("#verdict").innerText();
  assert.equal(await page.locator(`.problem[data-code="${code}"]`).count(), 1, `want a problem ${code}, got: ${text}`);
  assert.equal(await page.locator("#answer").count(), 0, "an answer beside a problem");
  return page.locator(".problem").innerText();
}

/** facts returns the table of the model in use, by name. */
export async function facts(page) {
  return page.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll("#facts > div")].map((d) => [d.querySelector("dt").textContent.trim(), d.querySelector("dd").textContent.trim()])));
}

// plain opens a page of the site that has nothing on it but larder.js and a few names for the code that a test runs
// there with page.evaluate:
//
//   larder             the module
//   bytes(path)        a file of the site as an ArrayBuffer
//   refused(promise)   what it rejects with, as {code, message, detail}; fails if it is no LarderError
//   sha256(data)       in hex
export async function plain(page, site) {
  await page.goto(await plainPage(site));
}

/** plainPage writes that page and returns its address. */
export async function plainPage(site) {
  await site.write("plain.html", PLAIN_PAGE);
  await site.write("plain.js", PLAIN_SCRIPT);
  return site.url + "plain.html";
}

const PLAIN_PAGE = `<!doctype html><html lang="en"><title>plain</title><link rel="icon" href="icons/icon.svg"><script type="module" src="plain.js"></script>`;
const PLAIN_SCRIPT = `
import * as larder from "./larder.js";
globalThis.larder = larder;
globalThis.bytes = async (path) => (await fetch(new URL(path, import.meta.url))).arrayBuffer();
globalThis.refused = async (promise) => {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof larder.LarderError)) throw error;
    return { code: error.code, message: error.message, detail: error.detail };
  }
  throw new Error("nothing was refused");
};
globalThis.sha256 = async (data) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", data)), (b) => b.toString(16).padStart(2, "0")).join("");
`;

/** manifest reads the manifest of a version from the site. */
export async function manifest(site, model, version) {
  return JSON.parse(await fs.readFile(path.join(site.dir, "models", model, version, "manifest.json"), "utf8"));
}

/** golden reads what a version must compute, from the sources. */
export async function golden(model, version) {
  return JSON.parse(await fs.readFile(path.join(root, "model/testdata", model, version, "golden.json"), "utf8"));
}

/** rot flips a bit of a stored chunk, wherever in the browser's database it lies. */
export async function rot(page, digest, at) {
  const loose = `(value, key) => {
    if (key !== "${digest}") return false;
    new Uint8Array(value)[${at}] ^= 1;
  }`;
  // A table has 32 bytes of digest and 4 of size for each chunk of its pack.
  const look = `(value, key) => {
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    for (let row = 0, start = 0; row < value.length; start += view.getUint32(row + 32, true), row += 36) {
      const hex = Array.from(value.subarray(row, row + 32), (b) => b.toString(16).padStart(2, "0")).join("");
      if (hex === "${digest}") globalThis.rotten = { pack: key, start };
    }
    return false;
  }`;
  const packed = `(value, key) => {
    if (globalThis.rotten?.pack !== key) return false;
    new Uint8Array(value)[globalThis.rotten.start + ${at}] ^= 1;
    globalThis.rotten = undefined;
  }`;
  let changed = await database(page, "chunks", loose);
  if (changed === 0) {
    await database(page, "tables", look);
    changed = await database(page, "packs", packed);
  }
  assert.equal(changed, 1, "chunks that were changed");
}

/** The name of the database is this and the address of the registry. */
export const STORE = "larder ";

// database changes the records of one store of IndexedDB: change(value, key) alters a value in place (a
// Blob's bytes as an ArrayBuffer), and returns false to leave it. Returns how many were written. change runs in the page and sees nothing else.
export async function database(page, name, change) {
  const source = `(${change})`;
  const devtools = await page.context().newCDPSession(page);
  const expression = `(async () => {
    const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const db = await done(indexedDB.open(${JSON.stringify(STORE)} + new URL("models/", document.baseURI)));
    const open = (mode) => db.transaction(${JSON.stringify(name)}, mode).objectStore(${JSON.stringify(name)});
    const store = open("readonly");
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    const changed = [];
    for (const [i, value] of values.entries()) {
      const blob = value instanceof Blob;
      const plain = blob ? await value.arrayBuffer() : value;
      if (${source}(plain, keys[i]) !== false) changed.push([blob ? new Blob([plain]) : plain, keys[i]]);
    }
    const to = open("readwrite");
    // A put has succeeded before its Blob is written; who leaves the page then takes it back.
    const written = new Promise((resolve, reject) => Object.assign(to.transaction, { oncomplete: resolve, onabort: () => reject(to.transaction.error) }));
    for (const one of changed) to.put(...one);
    await written;
    db.close();
    return changed.length;
  })()`;
  // Through the debugger, because the page's policy has no eval.
  const { result, exceptionDetails } = await devtools.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  await devtools.detach();
  assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
  return result.value;
}
