// Kernel threads: what they compute, when there are any, and that one which dies,
// or a run that is cancelled, leaves a model that works.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { golden, plain, root, visit } from "./visit.mjs";

const EXACT = 1e-3; // logits

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

// start opens larder.js with so many threads, and leaf with the input and the logits of a lossless picture.
async function start(t, threads, options = {}) {
  const { site, page } = await visit(t, browser, options);
  const from = path.join(root, "model/testdata/demo");
  for (const name of await fs.readdir(from)) await fs.copyFile(path.join(from, name), path.join(site.dir, name));
  await plain(page, site);
  const info = await page.evaluate(async (threads) => {
    // A page hears only of its own requests; this hears what the worker answers.
    globalThis.replies = new Map();
    globalThis.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        this.addEventListener("message", ({ data }) => {
          const reply = JSON.parse(typeof data === "string" ? data : data[0]);
          if ("ok" in reply) replies.set(reply.id, reply);
        });
      }
    };
    globalThis.opened = await larder.open({ threads });
    globalThis.leaf = await opened.load("leaf", { version: "2.0.0" });
    globalThis.input = (await leaf.preprocess(await bytes("healthy.png"))).image;
    globalThis.logits = async () => Array.from((await leaf.run({ image: input })).logits.data);
    // Sixteen pictures at once take long enough to be interrupted.
    globalThis.batch = () => {
      const { dims, type, data } = input;
      const all = new Float32Array(16 * data.length);
      for (let i = 0; i < 16; i++) all.set(data, i * data.length);
      return { image: { dims: [16, ...dims.slice(1)], type, data: all } };
    };
    // Resolves when the worker computes: it answers between the steps of a run, and has begun by then.
    // This question needs no store, whose answer could come when the run is over.
    globalThis.busy = () => opened.cache.shrink(0);
    const { threads: n, threadsReason, engine } = leaf.info;
    return { threads: n, threadsReason, engine, opened: opened.info };
  }, threads);
  const want = (await golden("leaf", "2.0.0")).images["healthy.jpg"].logits_onnxruntime["model-fp16w.onnx"];
  const check = (got, what) => {
    assert.equal(got.length, want.length, what);
    for (const [i, v] of want.entries()) assert.ok(Math.abs(got[i] - v) <= EXACT, `${what}: logit ${i} is ${got[i]}, want ${v}`);
  };
  return { site, page, info, check };
}

const threadsOf = (page) => page.workers().filter((w) => /\/thread\.[^/]*js$/.test(w.url()));

for (const threads of [1, 2, 3]) {
  test(`${threads} threads compute the golden numbers`, async (t) => {
    const { page, info, check } = await start(t, threads);
    assert.equal(info.threads, threads);
    assert.equal(info.opened.threads, threads);
    assert.equal(info.threadsReason, null);
    assert.equal(threadsOf(page).length, threads - 1);
    const first = await page.evaluate(() => logits());
    check(first, "logits");
    for (let i = 0; i < 20; i++) assert.deepEqual(await page.evaluate(() => logits()), first, "the same numbers each time");
    const batch = await page.evaluate(async () => Array.from((await leaf.run(batch())).logits.data));
    for (let i = 0; i < 16; i++) check(batch.slice(3 * i, 3 * i + 3), `picture ${i} of 16`);
  });
}

test("without isolation there is one thread, and info says why", async (t) => {
  const { page, info, check } = await start(t, 2, { isolation: false });
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  assert.equal(info.threads, 1);
  assert.match(info.threadsReason, /not cross-origin isolated/);
  assert.equal(info.opened.threads, 1);
  assert.match(info.opened.threadsReason, /not cross-origin isolated/);
  assert.equal(threadsOf(page).length, 0);
  check(await page.evaluate(() => logits()), "logits");
});

test("a model may have fewer threads than the worker", async (t) => {
  const { page, check } = await start(t, 2);
  const got = await page.evaluate(async () => {
    const bare = await opened.fromONNX(await bytes("models/leaf/2.0.0/model.onnx"), { threads: 1 });
    return { threads: bare.info.threads, logits: Array.from((await bare.run({ image: input })).logits.data) };
  });
  assert.equal(got.threads, 1);
  check(got.logits, "logits");
});

for (const [threads, isolation] of [[1, true], [2, true], [1, false]]) {
  test(`a run is cancelled between steps, with ${threads} threads ${isolation ? "and" : "without"} isolation`, async (t) => {
    const { page, check } = await start(t, threads, { isolation });
    const got = await page.evaluate(async () => {
      await leaf.run(batch()); // the plan is made now
      // The run may be over before the page gets to cancel it: then it is tried again.
      for (let tries = 1; ; tries++) {
        const before = Math.max(...replies.keys());
        const controller = new AbortController();
        const run = leaf.run(batch(), { signal: controller.signal }).then(() => null, (error) => error.code);
        await busy();
        controller.abort();
        const code = await run;
        const after = await logits(); // its turn comes when the cancelled run has ended
        const reply = replies.get(before + 1);
        if (!reply.ok || tries === 30) return { code, reply, after };
      }
    });
    assert.equal(got.reply.ok, false, "the worker computed to the end, thirty times");
    assert.equal(got.code, "aborted");
    assert.equal(got.reply.error.code, "aborted");
    check(got.after, "logits afterwards");
  });
}

// outcome runs the batch, calls kill while it computes, and returns what came of it, and of the run that follows.
async function outcome(page, kill) {
  await page.evaluate(() => {
    globalThis.run = leaf.run(batch()).then((out) => Array.from(out.logits.data), (error) => error.code);
    return busy();
  });
  await kill();
  return page.evaluate(async () => ({ batch: await run, after: await logits(), threads: leaf.info.threads, reason: leaf.info.threadsReason, again: await logits() }));
}

// checkOutcome: a run that lost a thread fails with a code, or is done by the others; never wrong, and never for ever.
function checkOutcome(got, check) {
  if (typeof got.batch === "string") {
    assert.equal(got.batch, "internal");
    // A team that has lost a thread is dissolved; one that is well again goes on.
    if (got.reason !== null) assert.match(got.reason, /thread/);
    assert.equal(got.threads, got.reason === null ? 2 : 1);
  } else {
    for (let i = 0; i < 16; i++) check(got.batch.slice(3 * i, 3 * i + 3), `picture ${i} of 16`);
  }
  check(got.after, "logits of the next run");
  check(got.again, "logits of the run after that");
}

test("a thread that is stopped while it computes is an error, and the next run works", async (t) => {
  const { page, check } = await start(t, 2);
  await page.evaluate(() => logits());
  const devtools = await page.context().newCDPSession(page);
  const { targetInfos } = await devtools.send("Target.getTargets");
  const { targetId } = targetInfos.find((i) => i.type === "worker" && i.title === "larder thread 1");
  const { sessionId } = await devtools.send("Target.attachToTarget", { targetId, flatten: false });
  // Nothing in the thread can catch this: it is gone in the middle of what it did.
  const stop = () => devtools.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id: 1, method: "Runtime.terminateExecution" }) });
  checkOutcome(await outcome(page, stop), check);
});

test("a thread that dies between runs costs at most one run", async (t) => {
  const { page, check } = await start(t, 2);
  await page.evaluate(() => logits());
  const [thread] = threadsOf(page);
  const closed = new Promise((resolve) => thread.once("close", resolve));
  await thread.evaluate(() => close());
  await closed;
  const first = await page.evaluate(() => logits().catch((error) => error.code));
  if (first !== "internal") check(first, "logits");
  check(await page.evaluate(() => logits()), "logits of the next run");
});

test("an exception in a thread is an error at once, and the next run works", async (t) => {
  const { page, check } = await start(t, 2, { expected: [/broken on purpose/] });
  await page.evaluate(() => logits());
  await threadsOf(page)[0].evaluate(() => {
    Atomics.add = () => {
      throw new Error("broken on purpose"); // when it reports its job as done
    };
  });
  checkOutcome(await outcome(page, async () => {}), check);
});

test("the threads let go of a model that is disposed, and end with larder", async (t) => {
  const { page } = await start(t, 2);
  assert.equal(page.workers().length, 2);
  await page.evaluate(async () => {
    await logits();
    await leaf.dispose();
    globalThis.leaf = await opened.load("leaf", { version: "2.0.0" });
    await logits();
    await leaf.dispose();
  });
  assert.equal(page.workers().length, 2, "the team is made once");
  const ended = Promise.all(page.workers().map((w) => new Promise((resolve) => w.once("close", resolve))));
  await page.evaluate(() => opened.close());
  await ended;
  assert.equal(page.workers().length, 0);
  const devtools = await page.context().newCDPSession(page);
  const { targetInfos } = await devtools.send("Target.getTargets");
  assert.deepEqual(targetInfos.filter((i) => i.type === "worker").map((i) => i.title), []);
});
