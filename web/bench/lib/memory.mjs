// What a renderer process takes, from procfs (Linux).
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const status = (pid, key) => {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  return found ? Number(found[1]) / 1024 : 0; // a process that is ending has none
};

/** The resident set in MB. */
export const resident = (pid) => status(pid, "VmRSS");

/**
 * The renderer of a page: the process that computes while the page does. browser:
 * the browser's process. Others may be busy too, so one must clearly stand out.
 */
export async function findRenderer(page, browser) {
  const total = new Map();
  for (let round = 0; round < 20; round++) {
    const before = renderers(browser);
    await page.evaluate(() => {
      for (const end = performance.now() + 300; performance.now() < end; );
    });
    for (const [pid, ticks] of renderers(browser)) total.set(pid, (total.get(pid) ?? 0) + ticks - (before.get(pid) ?? 0));
    const [first, second] = [...total].sort((a, b) => b[1] - a[1]);
    if (first?.[1] >= 25 && first[1] > 4 * (second?.[1] ?? 0)) return first[0];
  }
  throw new Error("the page's process was not found: no renderer stands out");
}

// renderers returns the renderers below a process, and the processor time of each in ticks.
function renderers(browser) {
  const parents = new Map();
  const ticks = new Map();
  for (const name of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
      // The name of the program, in brackets, may contain anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(name), Number(fields[1]));
      if (fs.readFileSync(`/proc/${name}/cmdline`, "utf8").includes("--type=renderer")) ticks.set(Number(name), Number(fields[11]));
    } catch {
      // It ended while we looked.
    }
  }
  const below = (pid) => pid === browser || (parents.has(pid) && below(parents.get(pid)));
  return new Map([...ticks].filter(([pid]) => below(pid)));
}

/**
 * Watches for the highest resident set from now on. The result's stop() returns it
 * in MB. The kernel keeps the record, if it lets us begin a new one; else we look
 * every few milliseconds.
 */
export function watchPeak(pid) {
  let peak = resident(pid);
  let exact = true;
  try {
    fs.writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    exact = false;
  }
  const timer = setInterval(() => (peak = Math.max(peak, resident(pid))), 5);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(peak, exact ? status(pid, "VmHWM") : resident(pid));
    },
  };
}

/**
 * Returns collect(), which collects the garbage of a page and its workers. What a
 * page has dropped but not yet collected says nothing about an engine.
 */
export async function garbageCollector(page) {
  const session = await page.context().newCDPSession(page);
  const workers = new Set();
  const answers = new Map();
  session.on("Target.attachedToTarget", ({ sessionId }) => workers.add(sessionId));
  session.on("Target.detachedFromTarget", ({ sessionId }) => workers.delete(sessionId));
  session.on("Target.receivedMessageFromTarget", ({ sessionId }) => answers.get(sessionId)?.(true));
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });

  async function collectIn(sessionId) {
    const answered = new Promise((resolve) => answers.set(sessionId, resolve));
    const message = JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" });
    await session.send("Target.sendMessageToTarget", { sessionId, message }).catch(() => {}); // it may have ended
    // A thread of an engine that waits for work never answers, and has no garbage.
    if (!(await Promise.race([answered, sleep(2000, false)]))) workers.delete(sessionId);
  }

  return async () => {
    await session.send("HeapProfiler.collectGarbage");
    await Promise.all([...workers].map(collectIn));
  };
}

// Chromium gives freed pages back now and then, for which it takes some seconds.
const QUIET_LOOKS = 40; // of 100 ms each
const MAX_LOOKS = 150;

/** Collects garbage, waits until the process gives nothing more back, and returns its resident set in MB. */
export async function settle(collect, pid) {
  await collect();
  let low = resident(pid);
  for (let quiet = 0, left = MAX_LOOKS; quiet < QUIET_LOOKS && left > 0; left--) {
    await sleep(100);
    const now = resident(pid);
    quiet = now < low - 0.5 ? 0 : quiet + 1;
    low = Math.min(low, now);
  }
  return low;
}
