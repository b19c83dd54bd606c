// A host that tells when models change: open pages change to the new version at once,
// and no prediction fails on the way.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { demo, facts, plain, start, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const PHOTO = "models/leaf/2.0.0/demo/bean_rust.jpg";

/** predicting loads leaf-small in a page and predicts without a pause until told to stop. */
async function predicting(page) {
  await page.evaluate(async (photo) => {
    const photoBytes = new Blob([await bytes(photo)]);
    const opened = await larder.open({ threads: 1 });
    const model = await opened.load("leaf-small");
    const run = (globalThis.run = { versions: [], failed: [], renewed: 0, stop: false, info: () => model.info.model.version });
    opened.cache.on("renewed", () => run.renewed++);
    const loop = async () => {
      while (!run.stop) {
        try {
          const { label, model } = await model_(photoBytes);
          if (label !== "bean_rust") run.failed.push(label);
          run.versions.push(model.version);
        } catch (error) {
          run.failed.push(`${error.code}: ${error.message}`);
        }
      }
    };
    const model_ = (photo) => model.predict(photo);
    run.ended = Promise.all([loop(), loop(), loop()]).then(async () => {
      // Not how often each is in use: a change that was told twice is just being looked at.
      run.inUse = (await opened.cache.list()).filter((e) => e.inUse > 0).map((e) => e.model.version);
      await opened.close();
    });
  }, PHOTO);
}

/** answers waits until a page has predicted with a version. */
const answers = (page, version) => page.waitForFunction((version) => run.versions.at(-1) === version, version);

test("open pages change to a published version, and no prediction fails", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/", push: true });
  const other = await browser.context.newPage();
  await plain(page, site);
  await other.goto(site.url + "plain.html");
  await predicting(page);
  await predicting(other);
  await answers(page, "1.0.0");
  await answers(other, "1.0.0");
  for (const version of ["1.0.1", "1.0.2", "1.1.0"]) {
    await site.publish("leaf-small", { from: "1.0.0", version, change: (m) => void (m.title = `Small ${version}`) });
    await Promise.all([answers(page, version), answers(other, version)]);
  }
  assert.equal(site.requests(/^models\/events$/).length, 1, "one tab holds the connection for all");
  for (const p of [page, other]) {
    const got = await p.evaluate(async () => {
      run.stop = true;
      await run.ended;
      return { ...run, info: run.info(), ended: null };
    });
    assert.deepEqual(got.failed, [], "predictions that failed");
    assert.deepEqual([...new Set(got.versions)], ["1.0.0", "1.0.1", "1.0.2", "1.1.0"], "each version answered, none after a newer one");
    assert.equal(got.info, "1.1.0");
    assert.deepEqual(got.inUse, ["1.1.0"], "the versions before are let go");
    assert.ok(got.renewed >= 3);
  }
});

test("an exact version that the registry takes away keeps nobody from the new one", async (t) => {
  const { site, page } = await visit(t, browser, { push: true });
  await plain(page, site);
  await page.evaluate(async () => {
    globalThis.opened = await larder.open({ threads: 1 });
    globalThis.events = [];
    opened.cache.on("*", (e) => events.push(`${e.kind} ${e.name}`));
    globalThis.old = await opened.load("leaf-small", { version: "1.0.0" }); // what leads to it is stored
    globalThis.model = await opened.load("leaf-small");
  });
  await site.publish("leaf-small", { from: "1.0.0", version: "1.1.0" });
  await page.waitForFunction(() => model.info.model.version === "1.1.0");
  await site.publish("leaf-small", { from: "1.0.0", version: "1.2.0" });
  await site.edit("models/index.json", (index) => void index.models["leaf-small"].versions.shift());
  await page.waitForFunction(() => model.info.model.version === "1.2.0" && events.at(-1) === "renewed leaf-small");
  await site.publish("language", { from: "1.0.0", version: "1.0.1" }); // of which nothing is stored
  await site.publish("leaf-small", { from: "1.0.0", version: "1.3.0" });
  await page.waitForFunction(() => model.info.model.version === "1.3.0" && events.at(-1) === "renewed leaf-small");
  const got = await page.evaluate(async () => {
    const { refresh } = opened.cache;
    const list = await refresh.call(opened.cache, "leaf-small");
    await opened.close();
    return { failed: events.filter((e) => e.startsWith("failed")), others: events.filter((e) => e.endsWith("language")), old: old.info.model.version, latest: list[0].model.version };
  });
  assert.deepEqual(got, { failed: [], others: [], old: "1.0.0", latest: "1.3.0" });
});

test("what changed while nobody listened is made up for", async (t) => {
  const { site, page } = await visit(t, browser, { push: true, expected: [/models\/events/] });
  const other = await browser.context.newPage();
  await plain(page, site);
  await other.goto(site.url + "plain.html");
  for (const p of [page, other]) {
    await p.evaluate(async () => {
      globalThis.opened = await larder.open({ threads: 1 });
      globalThis.model = await opened.load("leaf-small");
    });
  }
  const has = (p, version) => p.waitForFunction((version) => model.info.model.version === version, version, { timeout: 60_000 });
  while (site.requests(/^models\/events$/).length === 0) await new Promise((resolve) => setImmediate(resolve));
  site.down(); // the connection breaks, as when the server starts anew
  await site.publish("leaf-small", { from: "1.0.0", version: "1.1.0" });
  await watched(site, "1.1.0");
  site.up();
  await Promise.all([has(page, "1.1.0"), has(other, "1.1.0")]);
  // The tab that holds the connection goes, and something changes before the other one has its own.
  let free;
  const freed = new Promise((resolve) => (free = resolve));
  site.intercept(/models\/events$/, async () => void (await freed));
  await page.close();
  await site.publish("leaf-small", { from: "1.0.0", version: "1.2.0" });
  await watched(site, "1.2.0");
  free();
  await has(other, "1.2.0");
});

/** watched waits until the server has told its streams of a version, one of which is the caller's, past the proxy. */
async function watched(site, version) {
  const stream = await fetch(`http://127.0.0.1:${site.port}${site.base}models/events`);
  const text = stream.body.getReader();
  await text.read(); // it is there
  await site.edit("models/index.json", (index) => void (index.models["leaf-small"].aliases.told = version));
  for (let said = ""; !said.includes("leaf-small"); ) said += new TextDecoder().decode((await text.read()).value);
  await text.cancel();
}

test("the page's facts follow a published version", async (t) => {
  const { site, page } = await visit(t, browser, { push: true });
  await start(page, site.url);
  assert.equal((await facts(page)).Version, "2.0.0");
  await site.publish("leaf", { from: "2.0.0", version: "2.0.1" });
  await page.locator("#facts dd", { hasText: "2.0.1" }).waitFor();
  assert.match((await demo(page, "Bean rust")).status, /^Bean rust/);
});

test("what is half copied is not announced", async (t) => {
  const { site, page } = await visit(t, browser, { push: true });
  await plain(page, site);
  await predicting(page);
  await answers(page, "1.0.0");
  // The index names a version whose manifest is not there yet.
  await site.edit("models/index.json", (index) => {
    index.models["leaf-small"].versions.push("9.0.0");
    index.models["leaf-small"].aliases.latest = "9.0.0";
  });
  // Another model changes as a whole, which is announced.
  await page.evaluate(() => {
    const events = new EventSource("models/events");
    globalThis.heard = new Promise((resolve) => events.addEventListener("changed", ({ data }) => resolve(data)));
    return new Promise((resolve) => events.addEventListener("open", resolve));
  });
  site.forget();
  await site.publish("language", { from: "1.0.0", version: "1.0.1" });
  assert.equal(await page.evaluate(() => heard), '["language"]');
  const got = await page.evaluate(async () => {
    run.stop = true;
    await run.ended;
    return { failed: run.failed, versions: [...new Set(run.versions)] };
  });
  assert.deepEqual(got, { failed: [], versions: ["1.0.0"] });
  assert.deepEqual(site.requests(/leaf-small\/9/), [], "nobody was sent there");
});

test("a plain host is not asked for a stream", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  await page.evaluate(async () => {
    const opened = await larder.open({ threads: 1 });
    await opened.load("leaf-small");
    await opened.close();
  });
  assert.deepEqual(site.requests(/events|watch/), []);
});
