// The page, as a person uses it: every way to give a photo, the answer and what
// stands beside it, other models, themes, the keyboard, a small screen.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { DISPLAY, MODEL_FILES, answer, choose, complaint, demo, facts, golden, manifest, photo, pick, reached, reading, start, upload, visit } from "./visit.mjs";

let browser, film, images;
before(async () => {
  ({ images } = await golden("leaf", "2.0.0"));
  // The camera sees a leaf with bean rust: a film of one JPEG.
  film = path.join(await fs.mkdtemp(path.join(os.tmpdir(), "larder-film-")), "leaf.mjpeg");
  await fs.copyFile(photo("bean_rust.jpg"), film);
  browser = await openBrowser({
    args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${film}`],
  });
});
after(async () => {
  await browser?.close();
  await fs.rm(path.dirname(film), { recursive: true, force: true });
});

// assertAnswer compares what the page says with the reference's probabilities of a photo.
function assertAnswer(got, name, { tolerance = 2 } = {}) {
  const want = images[name];
  const label = DISPLAY[want.predicted];
  assert.equal(got.unknown, want.unknown, name);
  assert.equal(got.headline, want.unknown ? "Not recognised" : label, name);
  const probabilities = Object.fromEntries(Object.keys(DISPLAY).map((id, i) => [DISPLAY[id], want.probabilities_calibrated[i]]));
  assert.deepEqual(got.rows.map((r) => r.label).sort(), Object.values(DISPLAY).sort(), `${name}: all classes`);
  for (const row of got.rows) {
    assert.match(row.percent, /^(< |> )?\d+\.\d\s%$/, name);
    const percent = Number(/[\d.]+/.exec(row.percent)[0]);
    assert.ok(Math.abs(percent - 100 * probabilities[row.label]) <= tolerance, `${name}: ${row.label} is ${row.percent}`);
    assert.ok(Math.abs(row.meter - percent / 100) <= 0.001, `${name}: the bar of ${row.label} is ${row.meter}`);
    assert.equal(row.top, !want.unknown && row.label === label, `${name}: ${row.label} is marked`);
  }
  assert.equal(got.rows[0].label, label, `${name}: the most probable first`);
  if (!want.unknown) assert.ok(got.lead.includes(got.rows[0].percent.replace(" ", "\u00a0")) || got.lead.includes(got.rows[0].percent), `${name}: ${got.lead}`);
}

/** The preview's width and height as shown, and as stored; zero when it shows nothing. */
const preview = (page) =>
  page.evaluate(async () => {
    const image = document.getElementById("preview");
    await image.decode();
    return { alt: image.alt, natural: image.naturalWidth, shown: image.getBoundingClientRect().width, caption: document.querySelector("figcaption").textContent };
  });

test("each demo photo gets its diagnosis", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  for (const [label, display] of Object.entries(DISPLAY)) {
    const got = await demo(page, display);
    assertAnswer(got, `${label}.jpg`);
    assert.match(got.status, new RegExp(`^${display}, \\d+\\.\\d %\\.$`));
    const { alt, natural, shown } = await preview(page);
    assert.equal(alt, `Demo photo: ${display}`);
    assert.ok(natural > 100 && shown > 100, `the preview is ${natural} pixels, shown as ${shown}`);
    assert.equal(await page.getByRole("button", { name: display, exact: true }).getAttribute("aria-pressed"), "true");
  }
});

test("the model and the times are told", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await demo(page, "Healthy");
  const told = await facts(page);
  const text = JSON.stringify(told);
  const { version } = await manifest(site, "leaf", "2.0.0");
  for (const expected of [new RegExp(`"${version}"`), /checked just now/, /in (1 day|2[34] hours)/, /4\.4 MB/, /downloaded on this visit/, /1 November 2026/]) {
    assert.match(text, expected);
  }
  const steps = page.locator("#timings tbody tr");
  await page.locator("#timings tbody tr", { hasText: "Render" }).filter({ hasNotText: "–" }).waitFor();
  const times = Object.fromEntries((await steps.allInnerTexts()).map((row) => row.split(/\s*[\t\n]\s*/).filter(Boolean)).map((cells) => [cells[0], cells.at(-1)]));
  assert.deepEqual(Object.keys(times), ["Decode", "Preprocess", "Infer", "Postprocess", "Render", "Total"]);
  for (const [step, time] of Object.entries(times)) assert.match(time, /^(< )?\d+(\.\d+)?\s(ms|s)$/, step);

  await page.reload();
  await reached(page, "ready");
  assert.match(JSON.stringify(await facts(page)), /stored on this device/);
});

test("photos are chosen, dropped, pasted", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);

  assertAnswer(await upload(page, photo("compare_versions.jpg")), "compare_versions.jpg");
  const { caption, alt, natural } = await preview(page);
  assert.equal(caption, "Your photo: compare_versions.jpg");
  assert.equal(alt, caption);
  assert.ok(natural > 100);

  const dropped = await answer(page, "Dropped photo: compare_small.jpg", () => drop(page, photo("compare_small.jpg")));
  assertAnswer(dropped, "compare_small.jpg");
  assert.equal(await page.evaluate(() => "dragging" in document.documentElement.dataset), false);

  await browser.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(site.url).origin });
  await page.evaluate(async () => {
    const bitmap = await createImageBitmap(await (await fetch("models/leaf/2.0.0/demo/angular_leaf_spot.jpg")).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": await canvas.convertToBlob() })]);
  });
  const pasted = await answer(page, "Pasted photo", () => page.keyboard.press("Control+V"));
  assertAnswer(pasted, "angular_leaf_spot.jpg");
});

// drop drags a file from outside onto the middle of the page.
async function drop(page, file) {
  const devtools = await page.context().newCDPSession(page);
  const { width, height } = page.viewportSize();
  const data = { items: [], files: [file], dragOperationsMask: 1 };
  const at = { x: Math.round(width / 2), y: Math.round(height / 2), data };
  await devtools.send("Input.dispatchDragEvent", { type: "dragEnter", ...at });
  await page.waitForFunction(() => "dragging" in document.documentElement.dataset);
  await devtools.send("Input.dispatchDragEvent", { type: "dragOver", ...at });
  await devtools.send("Input.dispatchDragEvent", { type: "drop", ...at });
  await devtools.detach();
}

test("the same file may be chosen again, and the newest photo counts", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await upload(page, photo("bean_rust.jpg"));
  assertAnswer(await upload(page, photo("bean_rust.jpg")), "bean_rust.jpg");
  const last = await answer(page, "Your photo: healthy.jpg", async () => {
    for (const name of ["angular_leaf_spot.jpg", "bean_rust.jpg", "healthy.jpg"]) await choose(page, photo(name));
  });
  assertAnswer(last, "healthy.jpg");
});

test("what is no bean leaf is said to be unknown", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  for (const name of ["ood_boat.jpg", "ood_synthetic.jpg"]) {
    const got = await upload(page, photo(name));
    assertAnswer(got, name);
    assert.match(got.lead, /does not recognise this picture.*The closest is .* it answers from 94\.0\s%/);
    assert.match(got.status, /does not recognise/);
    assert.ok(got.rows.every((row) => !row.top), "no class is marked as the answer");
  }
});

test("the camera takes a photo and is switched off", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  await page.getByRole("button", { name: "Use the camera" }).click();
  const shoot = page.getByRole("button", { name: "Take photo" });
  await page.locator("#camera-shoot:enabled").waitFor();
  // Every track that this page gets is known to the test.
  assert.equal(await page.evaluate(() => (globalThis.tracks = document.getElementById("camera-view").srcObject.getTracks()).length), 1);
  await page.waitForFunction(() => document.getElementById("camera-view").videoWidth > 0);
  const got = await answer(page, "Camera photo", () => shoot.click());
  assert.equal(got.headline, "Bean rust");
  assert.ok((await preview(page)).natural > 100);
  assert.equal(await page.locator("#camera-dialog").isVisible(), false);
  assert.deepEqual(await page.evaluate(() => globalThis.tracks.map((track) => track.readyState)), ["ended"]);

  await page.getByRole("button", { name: "Use the camera" }).click();
  await page.locator("#camera-shoot:enabled").waitFor();
  await page.evaluate(() => void (globalThis.tracks = document.getElementById("camera-view").srcObject.getTracks()));
  await page.keyboard.press("Escape");
  await page.locator("#camera-dialog").waitFor({ state: "hidden" });
  await page.waitForFunction(() => globalThis.tracks.every((track) => track.readyState === "ended"));
});

test("a camera that is refused is explained", async (t) => {
  const { site, page } = await visit(t, browser);
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await start(page, site.url);
  await page.getByRole("button", { name: "Use the camera" }).click();
  const complaint = page.locator("#camera-problem");
  await complaint.waitFor();
  assert.match(await complaint.innerText(), /blocked for this site/);
  assert.equal(await page.locator("#camera-shoot").isEnabled(), false);
  await page.getByRole("button", { name: "Close" }).click();
  assert.equal((await demo(page, "Healthy")).headline, "Healthy");
});

test("another model answers about the same photo", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  const small = (await golden("leaf-small", "1.0.0")).images["compare_small.jpg"];
  const old = (await golden("leaf", "1.0.0")).images["compare_small.jpg"];
  assertAnswer(await upload(page, photo("compare_small.jpg")), "compare_small.jpg");
  const wanted = [
    ["leaf-small@", "Bean leaf diseases, small", "1.0.0", small],
    ["leaf@1.0.0", "Bean leaf diseases", "1.0.0", old],
  ];
  for (const [value, title, version, want] of wanted) {
    site.forget();
    await pick(page, value, title, version);
    await reached(page, "answered");
    const got = await reading(page);
    assert.equal(got.headline, want.unknown ? "Not recognised" : DISPLAY[want.predicted], value);
    const top = Math.max(...want.probabilities_calibrated);
    assert.ok(Math.abs(got.rows[0].meter - top) <= 0.02, `${value}: ${got.rows[0].percent}, want ${top}`);
    assert.ok(site.traffic(MODEL_FILES).bytes > 0, value);
  }
  // Going back costs nothing.
  site.forget();
  await pick(page, "leaf@", "Bean leaf diseases", "2.0.0");
  await reached(page, "answered");
  assertAnswer(await reading(page), "compare_small.jpg");
  assert.equal(site.traffic(MODEL_FILES).requests, 0);
});

test("the theme follows the system until a person chooses, and is remembered", async (t) => {
  const { site, page } = await visit(t, browser);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await start(page, site.url);
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await background();
  assert.notEqual(light, dark);
  await page.locator("[data-theme-choice=light]").click();
  assert.equal(await background(), light);
  await page.locator("[data-theme-choice=light][aria-pressed=true]").waitFor();
  await page.reload();
  assert.equal(await background(), light);
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("[data-theme-choice=dark]").click();
  assert.equal(await background(), dark);
  await page.locator("[data-theme-choice=auto]").click();
  assert.equal(await background(), light);
});

test("everything can be done with the keyboard", async (t) => {
  const { site, page } = await visit(t, browser);
  await start(page, site.url);
  const focused = () =>
    page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e.matches("input[type=file]") ? e.closest("label") : e);
      return { id: e.id, text: e.textContent.trim(), href: e.getAttribute("href"), ring: style.outlineStyle !== "none" || style.boxShadow !== "none" };
    });
  const stops = [];
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press("Tab");
    const stop = await focused();
    assert.ok(stop.ring, `the focus does not show on ${stop.id || stop.text}`);
    stops.push(stop);
    if (stop.text === "Bean rust") break;
  }
  assert.equal(stops[0].href, "#main", "the skip link comes first");
  assert.equal(stops.at(-1).text, "Bean rust", stops.map((s) => s.id || s.text).join(" → "));
  const ids = stops.map((s) => s.id);
  assert.ok(ids.includes("photo") && ids.includes("camera"), ids.join(" → "));
  assertAnswer(await answer(page, "Demo photo", () => page.keyboard.press("Enter")), "bean_rust.jpg");
  const status = page.getByRole("status").filter({ hasText: /^Bean rust, \d+\.\d %\.$/ });
  assert.equal(await status.getAttribute("aria-live"), "polite");
  assert.equal((await focused()).text, "Bean rust", "the focus stays where it was");
});

test("nothing is wider than a small screen", async (t) => {
  const { site, page } = await visit(t, browser);
  await page.setViewportSize({ width: 390, height: 844 });
  const fits = async (state) => {
    const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(content <= screen, `${state}: ${content} pixels of ${screen}`);
  };
  await page.goto(site.url);
  await fits("starting");
  await reached(page, "ready");
  await fits("ready");
  await upload(page, { name: `${"very-long-name-".repeat(20)}.jpg`, mimeType: "image/jpeg", buffer: await fs.readFile(photo("healthy.jpg")) });
  await fits("answered");
  await page.waitForFunction(() => {
    const { top } = document.getElementById("answer").getBoundingClientRect();
    return top >= 0 && top < innerHeight; // the answer came into view by itself
  });
  await complaint(page, "Your photo: no.jpg", "invalid-input", () => choose(page, { name: "no.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no") }));
  await fits("failed");
  await page.setViewportSize({ width: 320, height: 640 });
  await fits("at 320 pixels");
});

test("the page is there before the program, and keeps what is chosen meanwhile", async (t) => {
  const { site, page } = await visit(t, browser);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  site.intercept(/app\.[0-9a-f]+\.wasm$/, async () => {
    await held;
    return false;
  });
  await page.goto(site.url, { waitUntil: "commit" });
  await page.getByRole("heading", { name: "Bean leaf diagnosis" }).waitFor();
  await page.locator("script[src*=boot]").waitFor({ state: "attached" });
  await page.waitForFunction(() => globalThis.larderBoot);
  assert.equal(await page.locator("#app").getAttribute("data-phase"), "booting");
  await page.getByRole("button", { name: "Angular leaf spot", exact: true }).click();
  assertAnswer(await answer(page, "Demo photo", release), "angular_leaf_spot.jpg");
});
