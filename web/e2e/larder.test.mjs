// The Larder page: what is stored on this device and what happened to it, with the real
// worker and the real IndexedDB; everything that can be done to a model; every state in
// every look.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { accessibility, openBrowser } from "./lib.mjs";
import { MODEL_FILES, database, demo, installed, photo, plain, reached, start, upload, visit } from "./visit.mjs";

const NETWORK = [/console: Failed to load resource/]; // what Chromium says by itself when a request fails

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const jar = (page, model) => page.locator(`[data-model="${model}"]`);
const button = (page, ...deed) => page.locator(`[id="${deed.join("-")}"]`);

/** shelf opens the Larder page and waits until it says what is stored. */
async function shelf(page, site) {
  await page.goto(`${site.url}larder.html`);
  await page.locator('#app[data-page="larder"] section[aria-busy="false"]').first().waitFor();
}

/** state waits until a model is in a state, and is left alone. */
const state = (page, model, name) => page.locator(`[data-model="${model}"][data-state="${name}"][data-busy="false"]`).waitFor();

/** says waits until the page says what came of an action. */
const says = (page, text) => page.locator(".outcome", { hasText: text }).waitFor();

/** does presses a button and waits for what comes of it. */
async function does(page, deed, text) {
  await button(page, ...deed).click();
  await says(page, text);
}

/** download brings a model from the registry. */
async function download(page, model) {
  await button(page, "download", model).click();
  await state(page, model, "fresh");
}

/** facts returns what the page says about a model, by name, and the exact values behind it. */
const facts = (page, model) =>
  jar(page, model).evaluate((e) => Object.fromEntries([...e.querySelectorAll("dl > div")].map((d) => [d.querySelector("dt").textContent, [d.querySelector("dd").textContent, d.querySelector("dd").title]])));

/** log returns the events on the page, the newest first: "Event model version". */
const log = (page) => page.locator("#log tbody tr").evaluateAll((rows) => rows.map((r) => [r.cells[1], r.cells[2]].map((c) => c.textContent).join(" ")));

/** flip changes a bit of the first chunk in the browser's database. */
async function flip(page) {
  const change = `(value, key) => {
    if (globalThis.flipped || !(value instanceof ArrayBuffer || ArrayBuffer.isView(value))) return false;
    globalThis.flipped = true;
    new Uint8Array(value.buffer ?? value)[99] ^= 1;
  }`;
  const written = (await database(page, "chunks", change)) + (await database(page, "packs", change));
  assert.equal(written, 1, "one chunk was changed");
}

test("two models: download, verify, refresh, pin, remove", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/" });
  await shelf(page, site);
  await page.locator("#empty", { hasText: "Nothing is stored" }).waitFor();
  assert.equal(site.traffic(MODEL_FILES).requests, 0, "the page loads no model by itself");
  await download(page, "leaf-small");
  await download(page, "leaf");
  assert.equal(await page.locator("#empty").count(), 0);
  const told = await facts(page, "leaf");
  assert.deepEqual(told["Current version"][0], "2.0.0");
  assert.match(told["Current version"][1], /^[0-9a-f]{64}$/);
  assert.match(told.Checked.join(" "), /^just now \d+ \w+ \d{4}, \d\d:\d\d:\d\d \(UTC[+-]\d\d:\d\d\)$/);
  assert.match(told["Next refresh"][0], /in (1 day|2[34] hours)/);
  assert.match(told["Size of all versions"].join(" "), /^4\.4 MB 4.441.612 bytes$/);
  assert.deepEqual((await log(page)).filter((line) => line.startsWith("Arrived")), ["Arrived leaf 2.0.0", "Arrived leaf-small 1.0.0"]);

  // What is whole costs no request.
  site.forget();
  await does(page, ["verify", "leaf"], "are as they should be");
  assert.equal(site.traffic(MODEL_FILES).requests, 0);

  // A flipped bit is found, and only its chunk comes again.
  await flip(page);
  await does(page, ["verify", "leaf"], /1 piece was damaged or missing and came anew|are as they should be/);
  await does(page, ["verify", "leaf-small"], /1 piece was damaged or missing and came anew|as (it|they) should be/);
  assert.equal(site.traffic(MODEL_FILES).requests, 1);
  assert.ok((await log(page)).some((line) => line.startsWith("Repaired")), "the repair is in the log");
  await does(page, ["verify", "leaf"], "are as they should be");

  await does(page, ["pin", "leaf-small", "1.0.0"], "is pinned");
  await button(page, "unpin", "leaf-small", "1.0.0").waitFor();
  assert.match(await jar(page, "leaf-small").locator(".version").innerText(), /pinned/);
  await page.reload();
  await button(page, "unpin", "leaf-small", "1.0.0").waitFor(); // it is written down
  await does(page, ["unpin", "leaf-small", "1.0.0"], "not pinned any more");

  await does(page, ["refresh", "leaf"], "nothing newer");
  await site.publish("leaf", { from: "2.0.0", version: "2.1.0" });
  site.forget();
  await does(page, ["refresh", "leaf"], "version 2.1.0 has arrived");
  assert.equal(site.traffic(MODEL_FILES).requests, 0, "its chunks are there already");
  await jar(page, "leaf").locator('[data-version="2.1.0"][data-current="true"]').waitFor();
  assert.equal(await jar(page, "leaf").locator("[data-version]").count(), 2);

  await does(page, ["rollback", "leaf"], "went back to version 2.0.0");
  await jar(page, "leaf").locator('[data-version="2.0.0"][data-current="true"]').waitFor();
  assert.equal(await button(page, "rollback", "leaf").count(), 0, "there is nothing older to go back to");

  // Removing is asked for, and says what it costs.
  await button(page, "ask", "leaf").click();
  await button(page, "keep", "leaf").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "keep-leaf", "the focus is on the harmless answer");
  assert.match(await jar(page, "leaf").locator(".ask").innerText(), /cannot be undone.*2 versions.*version 2\.0\.0 again.*download of 4\.4 MB/s);
  await page.keyboard.press("Enter");
  await jar(page, "leaf").locator(".ask").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "ask-leaf");
  await page.keyboard.press("Enter");
  await button(page, "keep", "leaf").waitFor();
  await page.keyboard.press("Escape");
  await jar(page, "leaf").locator(".ask").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "ask-leaf");
  await page.keyboard.press("Enter");
  await button(page, "remove", "leaf").click();
  await state(page, "leaf", "absent");
  await says(page, "was removed from this device");
  assert.equal((await log(page)).filter((line) => line.startsWith("Removed from storage leaf ")).length, 2);
  await state(page, "leaf-small", "fresh");
});

test("a model goes to another device as a file, without a network", async (t) => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "larder-export-"));
  t.after(() => fs.rm(folder, { recursive: true, force: true }));
  const { site, page } = await visit(t, browser, { base: "/demo/" });
  await shelf(page, site);
  await download(page, "leaf-small");
  const saved = page.waitForEvent("download");
  await button(page, "export", "leaf-small", "1.0.0").click();
  const file = path.join(folder, (await saved).suggestedFilename());
  await (await saved).saveAs(file);
  await says(page, "Exported as leaf-small-1.0.0.larder");
  assert.equal(path.basename(file), "leaf-small-1.0.0.larder");

  // The other device knows the page and no model.
  const other = await openBrowser();
  t.after(() => other.close());
  await shelf(other.page, site);
  await installed(other.page);
  site.down();
  await other.page.reload();
  await other.page.locator("#empty").waitFor();
  await other.page.setInputFiles("#import", { name: "x.larder", mimeType: "", buffer: (await fs.readFile(file)).subarray(0, -1) });
  await other.page.locator('.problem[data-code="corrupt"]', { hasText: "damaged" }).waitFor();
  await other.page.setInputFiles("#import", { name: "x.larder", mimeType: "", buffer: Buffer.from("something else") });
  await other.page.locator('.problem[data-code="invalid-input"]', { hasText: "cannot be read" }).waitFor();
  await state(other.page, "leaf-small", "absent");
  await other.page.setInputFiles("#import", file);
  await says(other.page, "Imported Bean leaf diseases, small 1.0.0.");
  await state(other.page, "leaf-small", "fresh");
  assert.ok((await log(other.page)).includes("Imported from a file leaf-small 1.0.0"));
  await other.page.getByRole("link", { name: "Leaf", exact: true }).click();
  await other.page.locator("#model").selectOption("leaf-small@");
  await reached(other.page, "ready");
  assert.equal((await upload(other.page, photo("bean_rust.jpg"))).headline, "Bean rust");
  site.up();
});

test("the pages are one document: the worker, its log and the photo stay", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
  await page.evaluate(() => void (globalThis.same = true));
  await page.getByRole("link", { name: "Larder", exact: true }).click();
  await state(page, "leaf", "fresh");
  assert.equal(page.url(), `${site.url}larder.html`);
  assert.equal(await page.title(), "Larder: models on this device");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "what is read next is the new page");
  assert.ok((await log(page)).includes("Arrived leaf 2.0.0"), "what happened before is in the log");
  assert.match(await jar(page, "leaf").locator(".version").innerText(), /in use/);
  await page.goBack();
  await reached(page, "answered");
  assert.equal(await page.locator("#answer").innerText(), "Bean rust");
  assert.equal(await page.title(), "Larder: bean leaf diagnosis");
  await page.goForward();
  await state(page, "leaf", "fresh");
  assert.equal(await page.evaluate(() => globalThis.same), true, "the document was never left");
  await page.getByRole("link", { name: "Leaf", exact: true }).click();
  await reached(page, "answered");
  assert.equal(page.url(), site.url);
  const opened = browser.context.waitForEvent("page");
  await page.getByRole("link", { name: "Larder", exact: true }).click({ modifiers: ["Control"] });
  const tab = await opened;
  await tab.waitForURL(`${site.url}larder.html`);
  await tab.close();
  assert.equal(page.url(), site.url, "who asks for another tab stays");
  // From the page of texts it is a page like any other; no model is loaded for it.
  await page.goto(`${site.url}text.html`);
  await page.locator("#idle").waitFor(); // its own model has arrived
  site.forget();
  await page.getByRole("link", { name: "Larder", exact: true }).click();
  await state(page, "leaf", "fresh");
  assert.equal(site.traffic(MODEL_FILES).requests, 0);
  await page.getByRole("link", { name: "Leaf", exact: true }).click();
  await reached(page, "ready");
});

test("with the network gone the page works, and says what needs one", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/", expected: NETWORK });
  await shelf(page, site);
  await download(page, "leaf-small");
  await installed(page);
  site.down();
  await page.reload();
  await state(page, "leaf-small", "fresh");
  await does(page, ["verify", "leaf-small"], /as (it|they) should be/);
  await does(page, ["pin", "leaf-small", "1.0.0"], "is pinned");
  await button(page, "refresh", "leaf-small").click();
  await page.locator('[data-model="leaf-small"] [data-code="offline"]').waitFor();
  await state(page, "leaf-small", "fresh"); // what is stored stays as it was
  assert.ok((await log(page))[0].startsWith("Failed leaf-small"));
  site.up();
  await jar(page, "leaf-small").getByRole("button", { name: "Try again" }).click();
  await says(page, "nothing newer");
  assert.equal(await jar(page, "leaf-small").locator(".problem").count(), 0);
});

test("what another tab does is seen when one comes back", async (t) => {
  const { site, page } = await visit(t, browser);
  await shelf(page, site);
  await download(page, "leaf-small");
  const other = await browser.context.newPage();
  await shelf(other, site);
  await state(other, "leaf-small", "fresh");
  await button(other, "ask", "leaf-small").click();
  await button(other, "remove", "leaf-small").click();
  await state(other, "leaf-small", "absent");
  await other.close();
  // In headless Chromium every page counts as visible: the event is what a person's return would fire.
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await state(page, "leaf-small", "absent");
});

test("a download can be stopped, and goes on where it was", async (t) => {
  const { site, page } = await visit(t, browser);
  await shelf(page, site);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const restore = site.intercept(/\/model\.onnx$/, async () => {
    await held;
    return false;
  });
  await button(page, "download", "leaf-small").click();
  await button(page, "stop", "leaf-small").click();
  await says(page, "Stopped.");
  await state(page, "leaf-small", "absent");
  restore();
  release();
  await download(page, "leaf-small");
});

test("larder.js does what the page does", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const got = await page.evaluate(async () => {
    const { cache, ...opened } = await larder.open({ models: "./models/" });
    await cache.prefetch("leaf-small", { version: "^1" });
    const kinds = [];
    cache.on("*", (e) => kinds.push(e.kind));
    const misspelt = ["verfied", undefined].map((kind) => {
      try {
        cache.on(kind, () => {});
      } catch (e) {
        return `${e.code} ${e.message}`;
      }
    });
    await cache.pin("leaf-small");
    const pinned = (await cache.list())[0].pinned;
    await cache.unpin("leaf-small", { version: "1.0.0" });
    const verified = await cache.verify("leaf-small");
    const refusals = [
      await refused(cache.pin("leaf-small", { version: "9.0.0" })),
      await refused(cache.verify("nothing")),
      await refused(cache.pin(7)),
      await refused(cache.prefetch("nothing")),
      await refused(cache.rollback("leaf-small")),
      await refused(cache.export("leaf")),
      await refused(cache.import(new Blob(["no"]))),
      await refused(cache.import("no")),
    ].map((e) => e.code);
    const file = await cache.export("leaf-small");
    await cache.evict("leaf-small");
    const imported = await cache.import(await file.arrayBuffer());
    const stats = await cache.stats();
    return { pinned, misspelt, verified, refusals, kinds, entry: (await cache.list())[0], stats, persisted: await cache.persist(), file: { name: file.name, size: file.size }, imported };
  });
  assert.equal(got.pinned, true);
  assert.match(got.misspelt[0], /^invalid-input .*"verfied".* verified, /);
  assert.match(got.misspelt[1], /^invalid-input .*undefined.* verified, /);
  assert.equal(got.entry.pinned, false);
  assert.deepEqual({ ...got.verified, chunks: 0 }, { chunks: 0, bytes: 433100, corrupt: 0, missing: 0, repaired: 0 });
  assert.deepEqual(got.refusals, ["not-found", "not-found", "invalid-input", "not-found", "not-found", "not-found", "invalid-input", "invalid-input"]);
  for (const kind of ["pinned", "unpinned", "verified", "evicted", "imported"]) assert.ok(got.kinds.includes(kind), `${kind}: ${got.kinds}`);
  assert.equal(got.file.name, "leaf-small-1.0.0.larder");
  assert.ok(got.file.size > 433100 && got.file.size < 460000, `${got.file.size} bytes`);
  assert.equal(got.imported[0].model.version, "1.0.0");
  const { memory, store, registry } = got.stats.tiers;
  assert.equal(store.bytesLoaded, 433100);
  assert.equal(registry.loads, 1);
  assert.ok(registry.loadTime.p99 > 0 && registry.loadTime.p50 <= registry.loadTime.p99, JSON.stringify(registry));
  assert.deepEqual([memory.hits, memory.leases], [0, 0]);
  assert.equal(store.evictions.explicit, 1);
  assert.equal(typeof got.persisted, "boolean");
});

const SCREENS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

test("no state of the page shuts anybody out", async (t) => {
  const { site, page } = await visit(t, browser, { expected: NETWORK });
  const found = [];
  const look = async (name) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [screen, size] of Object.entries(SCREENS)) {
        await page.setViewportSize(size);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${name}, ${screen}: ${wide} pixels too wide`);
        found.push(...(await accessibility(page)).map((text) => `${name}, ${colorScheme}, ${screen}: ${text}`));
      }
    }
  };
  await shelf(page, site);
  await page.locator("#empty").waitFor();
  await look("empty");
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const restore = site.intercept(/\/model\.onnx$/, async () => {
    await held;
    return false;
  });
  await button(page, "download", "leaf-small").click();
  await button(page, "stop", "leaf-small").waitFor();
  await look("downloading");
  restore();
  release();
  await state(page, "leaf-small", "fresh");
  await does(page, ["pin", "leaf-small", "1.0.0"], "is pinned");
  await button(page, "ask", "leaf-small").click();
  await button(page, "remove", "leaf-small").waitFor();
  await look("asking");
  site.down();
  await button(page, "refresh", "leaf-small").click();
  await page.locator(".problem").waitFor();
  await look("failed");
  site.up();
  assert.deepEqual(found, []);
});

test("everything can be done with the keyboard", async (t) => {
  const { site, page } = await visit(t, browser);
  await shelf(page, site);
  await download(page, "leaf-small");
  await page.locator("#main").focus();
  const stops = [];
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e.matches("input[type=file]") ? e.closest("label") : e);
      if (e === document.body) return null; // past the last
      return { id: e.id, name: e.ariaLabel ?? (e.labels?.[0] ?? e).textContent.trim(), ring: style.outlineStyle !== "none" };
    });
    if (stop === null) break;
    assert.ok(stop.ring, `the focus does not show on ${stop.id}`);
    stops.push(stop);
  }
  const ids = stops.map((s) => s.id);
  for (const id of ["pin-leaf-small-1.0.0", "refresh-leaf-small", "verify-leaf-small", "ask-leaf-small", "export-leaf-small-1.0.0", "download-leaf", "import"]) assert.ok(ids.includes(id), ids.join(" "));
  assert.ok(stops.every((s) => s.name !== ""), "every control has a name");
});

test("the focus stays with the model when its button has gone or its card moves", async (t) => {
  const { site, page } = await visit(t, browser);
  await shelf(page, site);
  const press = async (...deed) => {
    await button(page, ...deed).focus();
    await page.keyboard.press("Enter");
  };
  const focused = (id) => page.waitForFunction((id) => document.activeElement?.id === id, id);
  await press("download", "leaf-small"); // which then comes first
  await state(page, "leaf-small", "fresh");
  await focused("refresh-leaf-small");
  await site.publish("leaf-small", { from: "1.0.0", version: "1.1.0" });
  await press("refresh", "leaf-small");
  await button(page, "rollback", "leaf-small").waitFor();
  await focused("refresh-leaf-small");
  await press("rollback", "leaf-small"); // there is nothing before that
  await button(page, "rollback", "leaf-small").waitFor({ state: "detached" });
  await focused("refresh-leaf-small");
});
