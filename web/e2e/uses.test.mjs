// Hits and the time of the last use outlive a worker: it writes them down by itself a little later, and at once when its
// page is hidden or closes it. Where that is the question the worker's clock nearly stands still, so that nothing but the
// page can be why they were written.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, startSite } from "./lib.mjs";
import { openRaw } from "./raw.mjs";
import { STORE, plain, plainPage, root, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

// still writes a worker like that of the site, for which a second takes a quarter of an hour.
async function still(site) {
  const [url] = /assets\/worker\.[0-9a-f]+\.js/.exec(await fs.readFile(path.join(root, "dist/larder.js"), "utf8"));
  await site.write("still.js", `import "./clock.js"; import "./${url}";`);
  await site.write("clock.js", `
    const [set, now] = [setTimeout, performance.now.bind(performance)];
    performance.now = () => now() / 1000;
    globalThis.setTimeout = (f, ms, ...args) => set(f, 1000 * ms, ...args);`);
}

// The functions below run in a page.

/** useStill makes the next worker that one. */
const useStill = () => {
  const Usual = Worker;
  globalThis.Worker = function (_, options) { return new Usual("still.js", options); };
};

/** use opens Larder, and uses the model so many times; the first of all is a download. */
const use = async (times) => {
  globalThis.opened ??= await larder.open();
  for (let i = 0; i < times; i++) await (await opened.load("leaf-small")).dispose();
};

/** listed returns what Larder tells about the model. */
const listed = async () => {
  const [{ hits, usedAt }] = await (globalThis.opened ??= await larder.open()).cache.list();
  return { hits, recent: Date.now() - Date.parse(usedAt) < 60_000 };
};

/** stored returns how many hits are in the database, once it is as many as are waited for. */
const stored = async ([name, wanted]) => {
  const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
  const db = await done(indexedDB.open(name + new URL("models/", document.baseURI)));
  for (const start = performance.now(); performance.now() < start + 120_000; ) {
    const { hits } = await done(db.transaction("records").objectStore("records").get("leaf-small@1.0.0"));
    if (wanted === undefined || hits === wanted) return db.close(), hits;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`after two minutes there are not ${wanted} hits in the database`);
};

/** hidden waits until the page is. */
const hidden = () =>
  new Promise((resolve) => {
    const look = () => document.visibilityState === "hidden" && resolve();
    document.addEventListener("visibilitychange", look);
    look();
  });

test("a page that is hidden writes down what it has used", { timeout: 400_000 }, async (t) => {
  const site = await startSite();
  const raw = await openRaw();
  t.after(async () => {
    await raw.close();
    await site.stop();
  });
  const url = await plainPage(site);
  await still(site);

  const first = await raw.open(url);
  await first.evaluate(useStill);
  await first.evaluate(use, 4);
  assert.deepEqual(await first.evaluate(listed), { hits: 3, recent: true });
  assert.equal(await first.evaluate(stored, [STORE]), 0, "nothing but a hidden page writes here");

  // Another tab comes in front.
  const second = await raw.open(url);
  await first.evaluate(hidden);
  assert.equal(await second.evaluate(() => document.visibilityState), "visible");
  assert.equal(await second.evaluate(stored, [STORE, 3]), 3);
  await second.evaluate(useStill);
  assert.deepEqual(await second.evaluate(listed), { hits: 3, recent: true });

  // And the window is put away, with both.
  await first.evaluate(use, 1); // hidden already: it waits
  await second.evaluate(use, 2);
  assert.deepEqual(await second.evaluate(listed), { hits: 5, recent: true });
  assert.equal(await second.evaluate(stored, [STORE]), 3);
  await raw.minimize();
  assert.equal(await second.evaluate(stored, [STORE, 5]), 5);
  assert.equal(await second.evaluate(() => document.visibilityState), "hidden");
});

test("a worker that is closed writes down what was used", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  await still(site);
  await page.evaluate(useStill);
  await page.evaluate(use, 4);
  assert.equal(await page.evaluate(stored, [STORE]), 0);
  await page.evaluate(() => opened.close());
  assert.equal(await page.evaluate(stored, [STORE]), 3);
});

test("hits of all tabs and visits add up, and the Larder page tells them", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  await page.evaluate(use, 4);
  const other = await browser.context.newPage();
  await plain(other, site);
  await other.evaluate(use, 2);
  assert.equal(await page.evaluate(stored, [STORE, 5]), 5); // by themselves
  await other.close();
  await plain(page, site);
  await page.evaluate(use, 1);
  assert.equal(await page.evaluate(stored, [STORE, 6]), 6);
  await page.goto(site.url + "larder.html");
  await page.locator(".jar-facts dd", { hasText: /^6 times$/ }).waitFor();
});
