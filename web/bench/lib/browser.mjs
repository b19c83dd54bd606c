// Headless Chromium with an empty profile, and pages that run one engine each.
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const FLAGS = [
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
  // Two pages of the browser's own, behind its address bar, which run whenever a tab opens.
  "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
  "--remote-debugging-port=0",
];

/** Starts a browser and attaches to it. The result is startBrowser's and has context (Playwright's). */
export async function openBrowser() {
  const started = await startBrowser();
  let browser;
  try {
    browser = await chromium.connectOverCDP(started.ws);
  } catch (error) {
    await started.close();
    throw error;
  }
  const close = async () => {
    await browser.close().catch(() => {});
    await started.close();
  };
  return { ...started, context: browser.contexts()[0], close };
}

/** Starts a browser that nobody is attached to: ws and http are its debugger's addresses, version is its own. */
export async function startBrowser() {
  const profile = await fs.mkdtemp(path.join(os.tmpdir(), "larder-bench-"));
  const flags = [...FLAGS, `--user-data-dir=${profile}`];
  if (process.getuid?.() === 0) flags.push("--no-sandbox"); // Chromium's sandbox refuses root
  const child = spawn(process.env.CHROMIUM || "chromium", [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const close = async () => {
    child.kill("SIGTERM");
    await ended;
    await fs.rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };
  try {
    const ws = await devtools(child);
    const http = `http://${new URL(ws).host}`;
    const { Browser: product } = await (await fetch(`${http}/json/version`)).json();
    return { ws, http, pid: child.pid, version: product.split("/").at(-1), close };
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
 * Opens the page of an engine. config: {engine, model, threads, timeout}.
 * The result has page (Playwright's) and call(method, ...args), which runs a method of
 * www/host.mjs.
 */
export async function openPage(browser, url, config) {
  const page = await browser.context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(address(url, config));
  await page.waitForFunction(() => globalThis.bench, null, { timeout: 30_000 }).catch((error) => {
    throw new Error(`the page did not start: ${errors.join("; ") || error.message}`);
  });
  return { page, call: (method, ...args) => within(config.timeout, method, calls(page, method, args)) };
}

/**
 * Opens the page of an engine for its first prediction, and waits for that. Nobody is attached to the page
 * meanwhile: a debugger holds up every worker that starts, and keeps what is fetched. The result has times,
 * ask(method, ...args), which attaches and runs a method of www/host.mjs, and close().
 */
export async function visitPage(browser, server, config) {
  const told = server.heard(TOLD);
  const url = address(server.url, { ...config, tell: TOLD });
  const tab = await (await fetch(`${browser.http}/json/new?${encodeURIComponent(url)}`, { method: "PUT" })).json();
  const close = async () => void (await (await fetch(`${browser.http}/json/close/${tab.id}`)).text());
  try {
    const { error, times } = JSON.parse(await within(config.timeout, "first prediction", told));
    if (error) throw new Error(error);
    return { times, ask: (method, ...args) => within(config.timeout, method, attached(browser, url, method, args)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where a page tells the server the times of its first prediction. */
const TOLD = "/told/";

function address(url, { engine, timeout, ...config }) {
  const answer = { adapter: `/engines/${engine.name}.mjs`, where: engine.where, ...config };
  return `${url}/www/run.html#${encodeURIComponent(JSON.stringify(answer))}`;
}

const calls = (page, method, args) => page.evaluate(([m, a]) => globalThis.bench.call(m, ...a), [method, args]);

async function attached(browser, url, method, args) {
  const debug = await chromium.connectOverCDP(browser.ws);
  try {
    const page = debug.contexts()[0].pages().find((page) => page.url() === url);
    return await calls(page, method, args);
  } finally {
    await debug.close(); // which only lets go of it
  }
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
