// Text: the page that classifies it, and larder.js with texts, in a real Chromium.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { accessibility, openBrowser } from "./lib.mjs";
import { installed, root, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const golden = JSON.parse(await fs.readFile(path.join(root, "model/testdata/language/1.0.0/golden.json"), "utf8"));

/** answered types a text and waits for the answer. */
async function answered(page, text, headline) {
  await page.getByRole("textbox").fill(text);
  await page.locator("#answer").filter({ hasText: headline }).waitFor();
}

test("the page says which language a text is in, also with the network gone", async (t) => {
  const { site, page } = await visit(t, browser, { base: "/demo/", expected: [/console: Failed to load resource/] });
  const found = [];
  const look = async (state) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        found.push(...(await accessibility(page)).map((text) => `${state}, ${colorScheme}, ${width}: ${text}`));
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${state} fits ${width} pixels`);
      }
    }
  };
  await page.goto(`${site.url}text.html`);
  await page.locator("#idle").waitFor();
  await look("idle");
  await answered(page, "Wo ist der Bahnhof, bitte?", "German");
  assert.match(await page.locator("#sure").innerText(), /9\d\.\d\s%/);
  assert.equal(await page.locator("#classes tr").count(), 5);
  assert.match(await page.locator("#status").textContent(), /^German, /);
  await look("answered");
  await answered(page, "12345", "Not recognised");
  await look("unknown");
  await page.getByRole("textbox").fill("");
  await page.locator("#idle").waitFor();
  await page.getByRole("button", { name: "Kiitos paljon!" }).click();
  await page.locator("#answer").filter({ hasText: "Finnish" }).waitFor();
  assert.deepEqual(found, []);

  await installed(page);
  site.down();
  await page.reload();
  await answered(page, "Quelle heure est-il, s'il vous plaît ?", "French");
});

test("larder.js gives the tokens and logits of training", async (t) => {
  const { site, page } = await visit(t, browser);
  await page.goto(`${site.url}text.html`);
  const results = await page.evaluate(async (texts) => {
    const { open } = await import("./larder.js");
    const larder = await open({ threads: 1 });
    const model = await larder.load("language");
    const out = [];
    for (const text of texts) {
      const input = await model.preprocess(text);
      const { logits } = await model.run(input);
      const { label, unknown } = await model.predict({ text });
      out.push({ type: input.ids.type, ids: Array.from(input.ids.data, Number), logits: Array.from(logits.data), label, unknown });
    }
    await larder.close();
    return out;
  }, golden.map(({ text }) => text));
  for (const [i, { type, ids, logits }] of results.entries()) {
    assert.equal(type, "int64");
    assert.deepEqual(ids, golden[i].ids, golden[i].text);
    for (const [k, v] of logits.entries()) assert.ok(Math.abs(v - golden[i].logits[k]) <= 1e-3, `${golden[i].text}: logit ${k}`);
  }
});

test("what is no text for a model of text is refused by name", async (t) => {
  const { site, page } = await visit(t, browser);
  await page.goto(`${site.url}text.html`);
  const codes = await page.evaluate(async () => {
    const { open } = await import("./larder.js");
    const larder = await open({ threads: 1 });
    const model = await larder.load("language");
    const leaf = await larder.load("leaf-small");
    const code = (model, input) => model.predict(input).then(() => "answered", (error) => error.code);
    const out = {
      empty: await code(model, ""),
      long: await code(model, "a".repeat(300_000)),
      fields: await code(model, { length: 1 }),
      mixed: await code(model, { text: "a", length: 1 }),
      list: await code(model, { text: ["a"] }),
      three: await code(model, { text: "a", pair: "b", more: "c" }),
      nothing: await code(model, null),
      textForPictures: await code(leaf, "a leaf"),
    };
    await larder.close();
    return out;
  });
  assert.deepEqual(codes, {
    empty: "invalid-input", long: "invalid-input", fields: "unsupported-input", mixed: "invalid-input",
    list: "invalid-input", three: "invalid-input", nothing: "unsupported-input", textForPictures: "unsupported-input",
  });
});
