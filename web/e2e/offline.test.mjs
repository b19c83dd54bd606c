// The installed page: the service worker keeps it, isolates it, and brings a new
// build when there is one; the models stay where they are.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { MODEL_FILES, demo, installed, photo, reached, start, upload, visit } from "./visit.mjs";

const NETWORK = [/console: Failed to load resource/]; // what Chromium says by itself when a request fails

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const read = (site, name) => fs.readFile(path.join(site.dir, name), "utf8");
const hash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 16);

/** precached reads the list of files in the site's service worker. */
async function precached(site) {
  const [, list] = /const PRECACHE = (?:\/\*precache\*\/)?(\[.*\]);/.exec(await read(site, "sw.js"));
  return JSON.parse(list);
}

for (const isolation of [true, false]) {
  test(`with the network gone the page starts and answers, ${isolation ? "with" : "without"} isolation headers from the host`, async (t) => {
    const { site, page } = await visit(t, browser, { base: "/demo/", isolation, expected: NETWORK });
    await start(page, site.url);
    assert.equal(await page.evaluate(() => crossOriginIsolated), isolation, "at the first visit the host decides");
    await installed(page);
    const kept = await page.evaluate(async () => {
      const [name, ...others] = await caches.keys();
      return { name, others, urls: (await (await caches.open(name)).keys()).map((r) => r.url) };
    });
    assert.match(kept.name, /^larder \/demo\/ [0-9a-f]{16}$/);
    assert.deepEqual(kept.others, []);
    const list = (await precached(site)).map(([url]) => new URL(url, site.url).href);
    assert.deepEqual(kept.urls.sort(), list.sort());
    assert.ok(list.some((url) => url.endsWith("/demo/")) && list.some((url) => /\/assets\/worker\.[0-9a-f]{8}\.wasm$/.test(url)));
    assert.ok(!list.some((url) => url.endsWith(".onnx")), "models are not part of the shell");

    site.down();
    await page.reload();
    assert.equal(await page.evaluate(() => crossOriginIsolated), true, "the service worker isolates the page");
    await reached(page, "ready");
    for (const display of ["Angular leaf spot", "Bean rust", "Healthy"]) assert.equal((await demo(page, display)).headline, display);
    assert.equal((await upload(page, photo("compare_versions.jpg"))).headline, "Bean rust");
    assert.equal(await page.evaluate(() => document.fonts.status), "loaded");
    // Any address of the site leads to the page, also one with a question or a place in it.
    await page.goto(`${site.url}index.html?from=home#main`);
    await reached(page, "ready");
  });
}

test("a reload asks the network for nothing but a newer build", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/" });
  await start(page, site.url);
  await installed(page);
  site.forget();
  await page.reload();
  await reached(page, "ready");
  await demo(page, "Healthy");
  const others = site.requests(/^(?!sw\.js$|models\/index\.json$)/);
  assert.deepEqual(others.map((r) => r.path), []);
});

// deploy puts a new build in place of the old one, as the site builder would make it: another style, therefore another
// page, therefore another service worker. The old style is gone.
async function deploy(site, mark) {
  const page = await read(site, "index.html");
  const old = /assets\/style\.[0-9a-f]{8}\.css/.exec(page)[0];
  const style = `${await read(site, old)}\n#verdict { --build: ${mark}; }\n`;
  const fresh = `assets/style.${hash(style).slice(0, 8)}.css`;
  await site.write(fresh, style);
  for (const form of ["", ".br", ".gz"]) await fs.rm(path.join(site.dir, old + form), { force: true });
  const changed = page.replaceAll(old, fresh);
  const list = (await precached(site)).map(([url, sum]) => [url === old ? fresh : url, url === "./" ? hash(changed) : sum]);
  const worker = await read(site, "sw.js");
  await site.write("index.html", changed);
  await site.write("sw.js", worker.replace(/const PRECACHE = .*;/, () => `const PRECACHE = ${JSON.stringify(list)};`));
}

/** build reads which build runs. */
const build = (page) => page.evaluate(() => getComputedStyle(document.getElementById("verdict")).getPropertyValue("--build").trim());

test("a new build is offered, runs when accepted, and leaves the models alone", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/" });
  await start(page, site.url);
  await installed(page);
  const [before] = await page.evaluate(() => caches.keys());
  const update = page.locator("#update");
  assert.equal(await update.isVisible(), false);

  await deploy(site, "second");
  site.forget();
  await page.reload();
  await update.waitFor();
  assert.match(await update.innerText(), /A new version of this page is ready/);
  await reached(page, "ready");
  assert.equal(await build(page), "", "until then the old build runs, whole");
  const fetched = site.requests(/^assets\//).map((r) => r.path);
  assert.equal(fetched.length, 1, `only what is new was fetched: ${fetched}`);
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");

  const reloaded = page.waitForEvent("framenavigated");
  await update.getByRole("button", { name: "Reload" }).click();
  await reloaded;
  await reached(page, "ready");
  assert.equal(await build(page), "second");
  assert.equal(await update.isVisible(), false);
  assert.equal(site.traffic(MODEL_FILES).requests, 0, "the models stay");
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
  const after = await page.evaluate(() => caches.keys());
  assert.equal(after.length, 1, after.join());
  assert.notEqual(after[0], before);

  site.down();
  browser.problems.list.length = 0;
  await page.reload();
  await reached(page, "ready");
  assert.equal(await build(page), "second", "offline as well");
});

// In WebKit a page hears of its first service worker's states late: that one is its controller already.
test("the first build is not offered as a new one where it controls the page while it counts as waiting", async (t) => {
  const { site, page } = await visit(t, browser, {});
  await page.addInitScript(() => {
    const { prototype } = ServiceWorkerContainer;
    const { get } = Object.getOwnPropertyDescriptor(prototype, "controller");
    const register = prototype.register;
    let registration;
    const look = () => {
      if (registration.waiting && navigator.serviceWorker.controller) globalThis.both = true;
    };
    prototype.register = async function (...args) {
      registration = await register.apply(this, args);
      registration.installing.addEventListener("statechange", look);
      return registration;
    };
    Object.defineProperty(prototype, "controller", {
      get() {
        return get.call(this) ?? registration?.waiting ?? null;
      },
    });
  });
  await start(page, site.url);
  await installed(page);
  assert.equal(await page.evaluate(() => globalThis.both), true);
  assert.equal(await page.locator("#update").isVisible(), false);
});

test("every tab hears of a new build, and a half deployed one is not taken", async (t) => {
  const { site, page } = await visit(t, browser, { expected: [/larder: .*not the listed version|Failed to update a ServiceWorker/] });
  await start(page, site.url);
  await installed(page);
  const other = await browser.context.newPage();
  await start(other, site.url);

  // The new service worker is there, the page that it lists not yet.
  const page1 = await read(site, "index.html");
  await deploy(site, "third");
  const page3 = await read(site, "index.html");
  await site.write("index.html", page1);
  const outcome = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    registration.update().catch(() => {});
    const worker = await new Promise((resolve) => registration.addEventListener("updatefound", () => resolve(registration.installing), { once: true }));
    await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
    return worker.state;
  });
  assert.equal(outcome, "redundant");
  assert.equal(await page.locator("#update").isVisible(), false);

  await site.write("index.html", page3);
  await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
  await page.locator("#update").waitFor();
  await other.locator("#update").waitFor();
  const reloaded = page.waitForEvent("framenavigated");
  await page.locator("#update-reload").click();
  await reloaded;
  await reached(page, "ready");
  assert.equal(await build(page), "third");
  // The other tab goes on with what it has, and reloads when its person says so.
  assert.equal(await build(other), "");
  const otherReloaded = other.waitForEvent("framenavigated");
  await other.locator("#update-reload").click();
  await otherReloaded;
  await reached(other, "ready");
  assert.equal(await build(other), "third");
});

test("a registry that was replaced without the page does not keep it from being installed", async (t) => {
  const { site, page } = await visit(t, browser, { expected: NETWORK });
  const photos = (await precached(site)).map(([url]) => url).filter((url) => url.startsWith("models/"));
  assert.ok(photos.length >= 2);
  await fs.rm(path.join(site.dir, photos[0]));
  await site.write(photos[1], "another photo");
  await start(page, site.url);
  await installed(page);
  const kept = await page.evaluate(async () => (await (await caches.open((await caches.keys())[0])).keys()).map((r) => new URL(r.url).pathname.slice(1)));
  assert.deepEqual(kept.filter((url) => url.startsWith("models/")), photos.slice(2));
  site.down();
  await page.reload();
  await reached(page, "ready");
  assert.equal((await upload(page, photo("bean_rust.jpg"))).headline, "Bean rust");
});

test("the page can be installed", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/" });
  await start(page, site.url);
  await installed(page);
  const devtools = await page.context().newCDPSession(page);
  const { errors, data, url } = await devtools.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  assert.equal(url, site.url + "manifest.webmanifest");
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors, []);

  const manifest = JSON.parse(data);
  assert.equal(new URL(manifest.start_url, url).href, site.url);
  assert.equal(new URL(manifest.scope, url).href, site.url);
  for (const icon of manifest.icons) {
    const at = new URL(icon.src, url).href;
    const got = await page.evaluate(async ([src, type]) => {
      const response = await fetch(src);
      const image = new Image();
      image.src = src;
      await image.decode();
      return { type: response.headers.get("content-type") === type, size: `${image.naturalWidth}x${image.naturalHeight}` };
    }, [at, icon.type]);
    assert.ok(got.type, `${icon.src}: not ${icon.type}`);
    if (icon.sizes !== "any") assert.equal(got.size, icon.sizes, icon.src);
  }
  const purposes = manifest.icons.map((i) => `${i.sizes} ${i.purpose}`);
  for (const wanted of ["192x192 any", "512x512 any", "512x512 maskable"]) assert.ok(purposes.includes(wanted), `no icon ${wanted}`);
});
