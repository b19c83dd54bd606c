// The page in every state: nothing on the console, nothing against the
// Content-Security-Policy, nothing that shuts people out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibility, openBrowser } from "./lib.mjs";
import { choose, complaint, demo, photo, pick, reached, start, upload, visit } from "./visit.mjs";

let browser;
before(
  async () =>
    void (browser = await openBrowser({ args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] })),
);
after(() => browser?.close());

const SCREENS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const NO_PHOTO = { name: "no.jpg", mimeType: "image/jpeg", buffer: Buffer.from("not a photo") };

// The states of the page, each reached from the one before.
const STATES = {
  ready: (page) => start(page, page.url()),
  answered: (page) => demo(page, "Bean rust"),
  unknown: async (page) => assert.ok((await upload(page, photo("ood_boat.jpg"))).unknown),
  failed: (page) => complaint(page, "Your photo: no.jpg", "invalid-input", () => choose(page, NO_PHOTO)),
  camera: async (page) => {
    await page.getByRole("button", { name: "Use the camera" }).click();
    await page.locator("#camera-shoot:enabled").waitFor();
  },
};

test("no state of the page shuts anybody out", async (t) => {
  const { site, page } = await visit(t, browser);
  const found = [];
  const look = async (state) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [screen, size] of Object.entries(SCREENS)) {
        await page.setViewportSize(size);
        found.push(...(await accessibility(page)).map((text) => `${state}, ${colorScheme}, ${screen}: ${text}`));
      }
    }
  };

  // A download that stands still.
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const restore = site.intercept(/\/model\.onnx$/, async () => {
    await held;
    return false;
  });
  await page.goto(site.url);
  await page.locator('#app[data-phase="loading"]').waitFor();
  await look("loading");
  restore();
  release();

  await reached(page, "ready");
  for (const [state, reach] of Object.entries(STATES)) {
    await reach(page);
    await look(state);
  }
  assert.deepEqual(found, []);
});

test("an ordinary visit leaves nothing on the console and breaks no rule", async (t) => {
  // visit checks the list of problems at the end.
  const { site, page } = await visit(t, browser, { base: "/demo/" });
  const warnings = [];
  page.on("console", (message) => {
    if (message.type() === "warning") warnings.push(message.text());
  });
  await start(page, site.url);
  await demo(page, "Angular leaf spot");
  await upload(page, photo("healthy.jpg"));
  await pick(page, "leaf-small@", "Bean leaf diseases, small", "1.0.0");
  await reached(page, "answered");
  await page.locator("[data-theme-choice=dark]").click();
  await page.locator("[data-theme-choice=auto]").click();
  await page.locator("#check").click();
  await page.locator("#check[aria-busy=false]").waitFor();
  await complaint(page, "Your photo: no.jpg", "invalid-input", () => choose(page, NO_PHOTO));
  await page.reload();
  await reached(page, "ready");
  await demo(page, "Bean rust");
  assert.deepEqual(warnings, []);
  const outside = site.requests().filter((r) => r.status >= 400);
  assert.deepEqual(outside, [], "requests that failed");
});

test("the policy holds in the page, by header and in the page itself", async (t) => {
  const { site, page } = await visit(t, browser, { expected: [/^policy: script-src/, /console: .*(Content Security Policy|unsafe-eval)/i] });
  const response = await page.goto(site.url);
  await reached(page, "ready");
  const meta = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
  for (const policy of [response.headers()["content-security-policy"], meta]) {
    assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
    assert.doesNotMatch(policy, /'unsafe-(eval|inline)'/);
  }
  const ran = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "globalThis.inline = true";
    document.body.append(script);
    // In a task of its own: what the debugger calls directly may use eval.
    const evaluated = await new Promise((resolve) =>
      setTimeout(() => {
        try {
          resolve(new Function("return 1")());
        } catch (error) {
          resolve(error.name);
        }
      }),
    );
    return [globalThis.inline, evaluated];
  });
  assert.deepEqual(ran, [undefined, "EvalError"]);
  await browser.problems.heard(/^policy: script-src-elem forbids inline/);
});
