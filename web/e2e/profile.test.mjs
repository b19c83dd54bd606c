// Where the time of a run goes: profile: true in larder.js, and `larder profile`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { openBrowser } from "./lib.mjs";
import { plain, root, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

// checkProfile checks a profile of leaf-small: kernels, numbered, whose shares sum up.
function checkProfile(profile) {
  const { steps, total } = profile;
  const sum = (f) => steps.reduce((sum, s) => sum + f(s), 0);
  assert.ok(steps.length > 20, `${steps.length} steps`);
  assert.deepEqual(steps.map((s) => s.step), steps.map((_, i) => i));
  assert.ok(Math.abs(sum((s) => s.ms) - total) < 1e-6 * total && total > 0, `total ${total}`);
  assert.ok(Math.abs(sum((s) => s.share) - 1) < 1e-6);
  assert.deepEqual(steps.filter((s) => s.host), [], "steps of plain Go");
  const depthwise = steps.filter((s) => s.kernel.startsWith("depthwise"));
  assert.ok(depthwise.length > 5 && depthwise.every((s) => /Conv$/.test(s.op) && s.node.startsWith("graph.node[")), JSON.stringify(depthwise));
  assert.ok(depthwise.some((s) => s.gflops > 0.1));
  assert.equal(steps.at(-1).kernel, "fetch");
}

for (const threads of [1, 2]) {
  test(`profile: true measures the steps with ${threads} threads`, async (t) => {
    const { site, page } = await visit(t, browser);
    await plain(page, site);
    const got = await page.evaluate(async (threads) => {
      const opened = await larder.open({ threads });
      const load = (profile) => opened.load("leaf-small", { profile });
      const [leaf, quiet] = [await load(true), await load(false)];
      const photo = await (await fetch("models/leaf-small/1.0.0/demo/healthy.jpg")).blob();
      const before = leaf.profile;
      const answer = await leaf.predict(photo);
      const predicted = leaf.profile;
      const inputs = await leaf.preprocess(photo);
      const logits = Array.from((await leaf.run(inputs)).logits.data);
      const ran = leaf.profile;
      const plain = Array.from((await quiet.run(inputs)).logits.data);
      const bare = await opened.fromONNX(await bytes("models/leaf-small/1.0.0/model.onnx"), { threads, profile: true });
      await bare.run(inputs);
      return {
        before, predicted, ran, bare: bare.profile, logits, plain, keys: Object.keys(answer), quiet: quiet.profile, used: leaf.info.threads,
        refused: [await refused(opened.load("leaf-small", { profile: 1 })), await refused(opened.fromONNX(new ArrayBuffer(0), { profile: "yes" }))],
      };
    }, threads);
    assert.equal(got.used, threads);
    assert.equal(got.before, null);
    assert.equal(got.quiet, null);
    assert.ok(!got.keys.includes("profile"), "a prediction is the same with and without");
    assert.deepEqual(got.logits, got.plain, "the numbers are the same with and without");
    for (const profile of [got.predicted, got.ran, got.bare]) {
      checkProfile(profile);
      assert.match(profile.table, /^step +ms +share +GFLOP\/s +kernel +operator +value\n/);
      assert.match(profile.table, / 100\.0% .* all/);
      assert.equal(profile.table.trimEnd().split("\n").length, profile.steps.length + 2);
    }
    assert.deepEqual(got.refused.map((e) => e.code), ["invalid-input", "invalid-input"]);
  });
}

test("steps without a kernel are marked", async (t) => {
  const { site, page } = await visit(t, browser);
  const name = "model/op/optest/testdata/cases/node/test_unique_sorted_without_axis/model.onnx";
  await site.write("unique.onnx", await fs.readFile(path.join(root, name)));
  await plain(page, site);
  const { steps, table } = await page.evaluate(async () => {
    const model = await (await larder.open()).fromONNX(await bytes("unique.onnx"), { profile: true });
    const [{ name, dims, type }] = model.inputs;
    await model.run({ [name]: { dims, type, data: new Float32Array(dims.reduce((a, b) => a * b)) } });
    return model.profile;
  });
  assert.deepEqual(steps.map((s) => [s.host, s.op, s.kernel]), [[true, "Unique", "Unique"]]);
  assert.match(table, /plain Go +Unique/);
});

test("larder profile measures in the browser", async () => {
  const run = promisify(execFile);
  const program = path.join(root, ".build", "larder");
  const args = ["profile", "leaf-small", "--runs", "1", "--threads", "2", "--dir", process.env.LARDER_DIST ?? path.join(root, "dist")];
  const { stdout } = await run(program, [...args, "--json"], { cwd: root });
  const result = JSON.parse(stdout);
  assert.equal(result.threads, 2);
  assert.ok(result.run > 0 && result.first > 0);
  checkProfile(result.profile);
  const { stdout: text } = await run(program, [...args, "web/static/models/leaf-small/1.0.0/demo/healthy.jpg"], { cwd: root });
  assert.match(text, /^leaf-small by chromium, engine (relaxed|simd), 2 threads: [0-9.]+ ms a run/);
  assert.match(text, /depthwise-3 +larder\.Conv/);
  const missing = await run(program, ["profile", "leaf-small", "--shape", "image=1x2", ...args.slice(2)], { cwd: root }).catch((e) => e);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /image/);
});
