// A browser with nothing remembered, that keeps a list of everything that went
// wrong in its pages and workers.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

export const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Milliseconds that a step of a test may take before it counts as hanging: no machine that works is so slow. */
const STEP = 120_000;

// openBrowser starts Chromium with an empty profile. Options are those of a Playwright context (viewport, colorScheme,
// …; args adds flags). It returns
//
//   context, page   of Playwright
//   problems        see Problems
//   cut(yes)        takes the network away from page, workers and service worker (through CDP), or gives it back
//   reopen()        ends the browser and starts it again with the same profile; returns the same shape
//   kill()          ends all of its processes at once, as a crash does, and starts it again with the same profile
//   close()         ends it and removes the profile
export async function openBrowser(options = {}) {
  const profile = await fs.mkdtemp(path.join(os.tmpdir(), "larder-profile-"));
  return launch(profile, options);
}

async function launch(profile, options) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    chromiumSandbox: process.getuid?.() !== 0, // Chromium's sandbox refuses root
    timeout: STEP,
    ...options,
    args: [...FLAGS, ...(options.args ?? [])],
  });
  context.setDefaultTimeout(STEP);
  const problems = new Problems();
  await problems.watch(context);
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    problems,
    cut: (yes = true) => context.setOffline(yes),
    reopen: async () => {
      await context.close();
      return launch(profile, options);
    },
    kill: async () => {
      await killed(profile);
      await context.close().catch(() => {});
      await fs.rm(path.join(profile, "SingletonLock"), { force: true }); // which a browser that ends takes away itself
      return launch(profile, options);
    },
    close: async () => {
      await context.close();
      await fs.rm(profile, { recursive: true, force: true });
    },
  };
}

// killed sends SIGKILL to every process of the browser that has this profile, and waits until they are gone. They are
// found by the profile's name, which is like no other's, in the first process's arguments, and by their parents.
async function killed(profile) {
  const all = new Map();
  for (const pid of (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    try {
      const [args, stat] = await Promise.all([fs.readFile(`/proc/${pid}/cmdline`, "utf8"), fs.readFile(`/proc/${pid}/stat`, "utf8")]);
      all.set(Number(pid), { args, parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) });
    } catch {
      // it ended meanwhile
    }
  }
  const ours = new Set([...all].filter(([, p]) => p.args.includes(profile)).map(([pid]) => pid));
  for (let before = -1; before !== ours.size; ) {
    before = ours.size;
    for (const [pid, p] of all) if (ours.has(p.parent)) ours.add(pid);
  }
  assert.ok(ours.size > 0, "no browser has this profile");
  for (const pid of ours) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // gone already
    }
  }
  const there = (pid) => fs.readFile(`/proc/${pid}/stat`, "utf8").then((stat) => stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z", () => false);
  for (const pid of ours) while (await there(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

// Problems collects errors on the console (of pages, workers and the service worker), uncaught exceptions, crashes and
// violations of the Content-Security-Policy.
class Problems {
  list = [];
  #allowed = [];

  async watch(context) {
    const add = (kind, text) => this.list.push(`${kind}: ${text}`);
    const onConsole = (message) => {
      if (message.type() === "error") add("console", `${message.text()} (${message.location().url})`);
    };
    context.on("console", onConsole);
    context.on("weberror", (error) => add("exception", error.error().stack ?? String(error.error())));
    context.on("serviceworker", (worker) => worker.on("console", onConsole));
    context.on("page", (page) => page.on("crash", () => add("crash", page.url())));
    for (const page of context.pages()) page.on("crash", () => add("crash", page.url()));
    await context.exposeBinding("larderViolation", (_, text) => add("policy", text));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (e) => {
        globalThis.larderViolation(`${e.effectiveDirective} forbids ${e.blockedURI} in ${e.sourceFile}:${e.lineNumber}`);
      });
    });
  }

  // allow says that a problem is expected: one whose text matches is not reported.
  allow(pattern) {
    this.#allowed.push(pattern);
  }

  // heard waits until a problem is told whose text matches: some take their time from the page to here.
  async heard(pattern) {
    const end = Date.now() + STEP;
    while (!this.list.some((text) => pattern.test(text))) {
      assert.ok(Date.now() < end, `no problem matches ${pattern}: ${this.list.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  // none fails unless nothing unexpected went wrong so far.
  none() {
    const unexpected = this.list.filter((text) => !this.#allowed.some((pattern) => pattern.test(text)));
    assert.deepEqual(unexpected, [], "problems in the browser");
  }
}

// accessibility returns axe-core's serious and critical violations on the page, as text.
export async function accessibility(page) {
  const source = await fs.readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const devtools = await page.context().newCDPSession(page);
  // Through the debugger, which the page's Content-Security-Policy does not bind.
  await devtools.send("Runtime.evaluate", { expression: source });
  await devtools.detach();
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.impact}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
}
