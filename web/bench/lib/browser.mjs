// Headless Chromium with an empty profile, and pages that run one engine each.
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  // A page in the background must not be slowed down: only one is in front.
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
  "--remote-debugging-port=0",
];

/** Starts a browser. The result has context (Playwright's), pid, version and close(). */
export async function openBrowser() {
  const profile = await fs.mkdtemp(path.join(os.tmpdir(), "larder-bench-"));
  const flags = [...FLAGS, `--user-data-dir=${profile}`];
  if (process.getuid?.() === 0) flags.push("--no-sandbox"); // Chromium's sandbox refuses root
  const child = spawn(process.env.CHROMIUM || "chromium", [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const close = async (browser) => {
    await browser?.close().catch(() => {});
    child.kill("SIGTERM");
    await ended;
    await fs.rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };
  try {
    const browser = await chromium.connectOverCDP(await devtools(child));
    return { context: browser.contexts()[0], pid: child.pid, version: browser.version(), close: () => close(browser) };
  } catch (error) {
    await close();
    throw error;
  }
}

// devtools returns the address that the browser prints when it is ready.
function devtools(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    createInterface({ input: child.stderr }).on("line", (line) => {
      said += line + "\n";
      const found = /DevTools listening on (ws:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`the browser ended: ${said}`)));
  });
}

/**
 * Opens the page of an engine. config: {engine, model, threads, first, timeout}.
 * The result has page (Playwright's), call(method, ...args), which runs a method of
 * www/host.mjs, and first().
 */
export async function openPage(browser, url, { engine, timeout, ...config }) {
  const page = await browser.context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const answer = { adapter: `/engines/${engine.name}.mjs`, where: engine.where, ...config };
  await page.goto(`${url}/www/run.html#${encodeURIComponent(JSON.stringify(answer))}`);
  await page.waitForFunction(() => globalThis.bench, null, { timeout: 30_000 }).catch((error) => {
    throw new Error(`the page did not start: ${errors.join("; ") || error.message}`);
  });
  const limited = (what, promise) => within(timeout, what, promise);
  return {
    page,
    call: (method, ...args) => limited(method, page.evaluate(([m, a]) => globalThis.bench.call(m, ...a), [method, args])),
    first: () => limited("first prediction", page.evaluate(() => globalThis.bench.first)),
  };
}

// within rejects when a promise takes longer than so many seconds.
async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
