// What is asked again and again is answered in the worker before any Go runs (web/static/parts/repeats.js): the same
// answers, counted like all others, and none after something changed.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { plain, root, visit } from "./visit.mjs";

const source = await fs.readFile(path.join(root, "web/static/parts/repeats.js"), "utf8");
const { Repeats } = await import(`data:text/javascript,${encodeURIComponent(`${source}\nexport { Repeats };`)}`);

const ask = (id, text = "a") => `{"id":${id},"method":"predict","params":{"handle":1,"input":"${text}"}}`;
const dispose = (id, handle) => `{"id":${id},"method":"dispose","params":{"handle":${handle}}}`;
const REPLY = '{"id":\0,"ok":true,"result":{"age":\x01,"total":\x02}}';

// repeating returns Repeats for which it is now 1,000,000, and what they have posted. Their only timer goes off by hand.
function repeating(t) {
  const { setTimeout } = globalThis, { now } = Date;
  t.after(() => Object.assign(globalThis, { setTimeout }) && Object.assign(Date, { now }));
  const clock = { now: 1_000_000, timers: [] };
  globalThis.setTimeout = (f, ms) => clock.timers.push({ f, ms });
  Date.now = () => clock.now;
  const posted = [];
  const repeats = new Repeats((text) => posted.push(JSON.parse(text)));
  repeats.tell = () => void (clock.told = (clock.told ?? 0) + 1);
  const keep = (request, options = {}) => {
    const { id = 7, reply = REPLY, handle = 1, shared = false, until = 1_010_000 } = options;
    repeats.keep(id, request, reply, handle, shared, 998_500, until);
  };
  return { repeats, posted, keep, clock };
}

test("a reply is given again until its time, with its own number and age", (t) => {
  const { repeats, posted, keep, clock } = repeating(t);
  assert.equal(repeats.answer(ask(1)), false);
  keep(ask(1));
  assert.equal(repeats.answer(ask(12)), true);
  clock.now = 1_009_999;
  assert.equal(repeats.answer(ask(13)), true);
  assert.deepEqual(posted.map(({ id, result }) => [id, result.age]), [[12, 1], [13, 11]]);
  for (const { result } of posted) assert.ok(result.total >= 0 && result.total < 1000, `${result.total} ms`);
  for (const other of [ask(14, "b"), "{}", 5, null, [ask(14)], ask(14).replace("predict", "run")]) assert.equal(repeats.answer(other), false);
  clock.now = 1_010_000;
  assert.equal(repeats.answer(ask(15)), false);
  assert.equal(posted.length, 2);
});

test("nothing is repeated when the clock was set back", (t) => {
  const { repeats, keep, clock } = repeating(t);
  keep(ask(1));
  clock.now = 999_999;
  assert.equal(repeats.answer(ask(2)), false);
  clock.now = 1_000_001;
  assert.equal(repeats.answer(ask(3)), false, "nor when it is set right again");
});

test("what was repeated is told a little later, or when it is asked for", (t) => {
  const { repeats, keep, clock } = repeating(t);
  assert.equal(repeats.take(), "");
  keep(ask(1));
  keep(ask(1, "b"), { id: 8 });
  for (const text of ["a", "b", "a", "a"]) repeats.answer(ask(2, text));
  repeats.forget();
  assert.deepEqual(clock.timers.map(({ ms }) => ms), [250]);
  clock.timers[0].f();
  assert.equal(clock.told, 1);
  assert.match(repeats.take(), /^7 3 [\d.e-]+ 8 1 [\d.e-]+$/);
  assert.equal(repeats.take(), "");
  assert.equal(repeats.answer(ask(2)), false);
  assert.equal(clock.timers.length, 1);
});

test("a handle that is shared goes with the last who has it", (t) => {
  const { repeats, posted, keep } = repeating(t);
  const load = (id) => `{"id":${id},"method":"load","params":{"model":"leaf"}}`;
  keep(load(1), { handle: 3, shared: true });
  keep(ask(2), { handle: 3 });
  keep(ask(2, "other"), { handle: 4 });
  for (const id of [3, 4]) repeats.answer(load(id));
  assert.equal(repeats.shared(), "3 2");
  assert.equal(repeats.answer(dispose(5, 4)), false, "nobody shares that");
  assert.equal(repeats.answer(ask(5, "other")), false);
  for (const id of [6, 7]) assert.equal(repeats.answer(dispose(id, 3)), true);
  assert.deepEqual(posted.slice(2), [6, 7].map((id) => ({ id, ok: true, result: null })));
  assert.equal(repeats.answer(ask(8)), true);
  repeats.forget();
  keep(load(8), { handle: 3, shared: true });
  assert.equal(repeats.answer(load(9)), true);
  repeats.forget();
  assert.equal(repeats.answer(dispose(10, 3)), true, "who has it is not forgotten");
  keep(load(11), { handle: 3, shared: true });
  keep(ask(11), { handle: 3 });
  assert.equal(repeats.answer(dispose(12, 3)), false, "this was the last");
  for (const request of [load(13), ask(13)]) assert.equal(repeats.answer(request), false);
});

test("not more is kept than there is room for", (t) => {
  const { repeats, keep } = repeating(t);
  const kept = (request) => repeats.answer(request);
  keep(ask(1, "x".repeat(1 << 14)));
  assert.equal(kept(ask(2, "x".repeat(1 << 14))), false, "a long question");
  keep(ask(1), { reply: `"${"x".repeat(1 << 20)}"` });
  assert.equal(kept(ask(2)), false, "a long reply");
  const half = { reply: `"${"x".repeat(1 << 19)}"` };
  for (let i = 0; i < 5; i++) keep(ask(1), half); // the same question again takes no more room
  keep(ask(1, "b"));
  assert.deepEqual([kept(ask(2)), kept(ask(2, "b"))], [true, true]);
  keep(ask(1, "c"), half);
  assert.deepEqual([kept(ask(2)), kept(ask(2, "b")), kept(ask(2, "c"))], [false, false, true]);
});

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

// watched makes the page's worker count what it answers without Go.
const watched = (page) => page.workers()[0].evaluate(() => {
  const answer = larderRepeats.answer.bind(larderRepeats);
  globalThis.byItself = 0;
  larderRepeats.answer = (message) => {
    const done = answer(message);
    byItself += done;
    return done;
  };
});

test("a page that asks the same again and again gets the same, and all is counted", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  await page.evaluate(async () => {
    globalThis.opened = await larder.open();
    globalThis.model = await opened.load("language");
    globalThis.counts = async () => {
      const { memoryHits, tiers } = await opened.cache.stats();
      const [{ hits, inUse }] = await opened.cache.list();
      return { memoryHits, memory: tiers.memory.hits, predictions: tiers.predictions.hits, hits, inUse };
    };
  });
  await watched(page);
  const got = await page.evaluate(async () => {
    const text = "Wo ist der Bahnhof, bitte?";
    const zero = await counts();
    const loaded = [], predicted = [];
    for (let i = 0; i < 40; i++) {
      const again = await opened.load("language");
      loaded.push(again);
      predicted.push(await again.predict(text));
    }
    const inUse = (await counts()).inUse;
    for (const [i, again] of loaded.entries()) if (i % 2) await again.dispose();
    const late = await loaded[38].predict(text);
    await model.dispose();
    const later = await loaded[38].predict(text);
    for (const again of loaded) await again.dispose();
    const gone = await refused(loaded[38].predict(text));
    const one = await counts();
    return { zero, one, inUse, answers: [...predicted, late, later], infos: loaded.map((m) => m.info), gone };
  });
  const plainly = ({ timing, model: { ageSeconds, ...model }, ...answer }) => ({ ...answer, model });
  const [computed, ...remembered] = got.answers;
  assert.equal(computed.source, "model");
  for (const answer of remembered) {
    assert.deepEqual(plainly(answer), { ...plainly(computed), source: "memo" });
    assert.ok(answer.timing.total >= 0 && answer.timing.infer === 0 && answer.model.ageSeconds >= computed.model.ageSeconds);
  }
  for (const { model: { ageSeconds, ...model }, ...info } of got.infos) {
    const { model: { ageSeconds: age, ...first }, ...rest } = got.infos[0];
    assert.deepEqual({ ...info, model }, { ...rest, model: first });
    assert.ok(ageSeconds >= age);
  }
  assert.equal(got.gone.code, "closed");
  assert.equal(got.one.inUse, 0);
  assert.equal(got.inUse, 41);
  assert.equal(got.one.memory - got.zero.memory, 40);
  assert.equal(got.one.memoryHits - got.zero.memoryHits, 40);
  assert.equal(got.one.hits - got.zero.hits, 40);
  assert.equal(got.one.predictions - got.zero.predictions, remembered.length);
  const byItself = await page.workers()[0].evaluate(() => byItself);
  assert.ok(byItself > 100, `${byItself} of 40 loads, ${remembered.length} predictions and 40 disposals needed no Go`);
});

test("nothing is repeated of what changed, here or in another tab", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const text = "Wo ist der Bahnhof, bitte?";
  const ask = () => page.evaluate(async (text) => {
    globalThis.opened ??= await larder.open();
    const ask = async () => {
      const model = await opened.load("language");
      await model.predict(text);
      const { source, model: { version } } = await model.predict(text);
      return { loaded: model.info.source, source, version, freshness: model.info.model.freshness };
    };
    globalThis.held ??= await opened.load("language");
    for (let i = 0; i < 5; i++) await ask();
    return ask();
  }, text);
  const memory = { loaded: "memory", source: "memo", freshness: "fresh" };
  assert.deepEqual(await ask(), { ...memory, version: "1.0.0" });

  await site.publish("language", { from: "1.0.0", version: "1.0.1" });
  assert.deepEqual(await ask(), { ...memory, version: "1.0.0" }, "it is fresh still");
  await page.evaluate(() => opened.cache.refresh("language"));
  assert.deepEqual(await ask(), { ...memory, version: "1.0.1" });

  const other = await browser.context.newPage();
  await plain(other, site);
  await site.publish("language", { from: "1.0.0", version: "1.0.2" });
  await other.evaluate(async () => {
    globalThis.opened = await larder.open();
    await opened.cache.refresh("language");
  });
  await page.waitForFunction(async () => {
    const model = await opened.load("language");
    const { version } = model.info.model;
    await model.dispose();
    return version === "1.0.2";
  });
  await other.evaluate(() => opened.cache.rollback("language"));
  await page.waitForFunction(async () => (await opened.load("language")).info.model.version === "1.0.1");

  // Who listens is told every load.
  const served = await page.evaluate(async () => {
    let served = 0;
    const stop = opened.cache.on("served", () => served++);
    for (let i = 0; i < 5; i++) await opened.load("language");
    await opened.cache.stats(); // events and replies come in their order
    stop();
    return served;
  });
  assert.equal(served, 5);

  const evicted = await page.evaluate(async () => {
    for (let i = 0; i < 3; i++) await opened.load("language");
    const { requests } = await opened.cache.stats();
    await opened.cache.evict("language");
    await opened.load("language");
    return (await opened.cache.stats()).requests - requests;
  });
  assert.ok(evicted > 0, "it is fetched again");
});
