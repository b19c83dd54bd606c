// A browser whose pages nobody watches. What drives pages elsewhere (Playwright) has the debugger's network domain
// enabled, which keeps the bodies of answers in the page's process and copies every piece that arrives: with it, neither
// the time nor the memory of a download is that of a visitor. Here the debugger only evaluates, over a pipe.
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { FLAGS } from "./browser.mjs";
import { resident } from "./memory.mjs";

/**
 * Starts a browser with an empty profile. The result has
 *
 *   open(url)   a page, in a process of its own; see Page
 *   version     the browser's
 *   close()     ends it and removes the profile
 */
export async function openAlone() {
  const profile = await fs.mkdtemp(path.join(os.tmpdir(), "larder-bench-"));
  const flags = [...FLAGS.filter((flag) => !flag.startsWith("--remote-debugging")), "--remote-debugging-pipe", `--user-data-dir=${profile}`];
  if (process.getuid?.() === 0) flags.push("--no-sandbox"); // Chromium's sandbox refuses root
  const child = spawn(process.env.CHROMIUM || "chromium", flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const debug = new Debugger(child.stdio[3], child.stdio[4]);
  ended.then((code) => debug.end(new Error(`the browser ended with status ${code}`)));
  const { product } = await debug.send("Browser.getVersion");
  return {
    version: product,
    open: (url) => Page.open(debug, url),
    async close() {
      await debug.send("Browser.close").catch(() => {});
      await ended;
      await fs.rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

/** Debugger speaks the DevTools protocol: JSON documents, each ended by a zero byte. */
class Debugger {
  #input;
  #last = 0;
  #waiting = new Map();
  #listeners = new Set();

  constructor(input, output) {
    this.#input = input;
    let pieces = [];
    output.on("data", (data) => {
      for (let from = 0; from < data.length; ) {
        const zero = data.indexOf(0, from);
        pieces.push(data.subarray(from, zero < 0 ? data.length : zero));
        if (zero < 0) break;
        this.#take(JSON.parse(Buffer.concat(pieces).toString()));
        pieces = [];
        from = zero + 1;
      }
    });
  }

  #take({ id, result, error, ...event }) {
    if (id === undefined) {
      for (const listener of this.#listeners) listener(event);
      return;
    }
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.#input.write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  on(listener) {
    this.#listeners.add(listener);
  }

  off(listener) {
    this.#listeners.delete(listener);
  }

  end(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

// How long a page spins to be found by the processor time that it takes, and how often it tries.
const SPIN_MS = 300;
const SPINS = 10;

class Page {
  #debug;
  #target;
  #session;

  static async open(debug, url) {
    const page = new Page();
    page.#debug = debug;
    page.#target = (await debug.send("Target.createTarget", { url })).targetId;
    page.#session = (await debug.send("Target.attachToTarget", { targetId: page.#target, flatten: true })).sessionId;
    return page;
  }

  /** Runs a function with an argument in the page and returns what it, or its promise, gives. */
  async run(work, argument) {
    const expression = `(${work})(${JSON.stringify(argument)})`;
    const { result, exceptionDetails: bad } = await this.#send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (bad) throw new Error(bad.exception?.description ?? bad.exception?.value ?? bad.text);
    return result.value;
  }

  /** Waits until the page has a global of that name. Before it is there nothing can be evaluated. */
  async has(name) {
    while (!(await this.run((name) => Boolean(globalThis[name]), name).catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  #send(method, params) {
    return this.#debug.send(method, params, this.#session);
  }

  /** Finds the page's process: the one that computes while the page does. */
  async pid() {
    const times = async () =>
      new Map((await this.#debug.send("SystemInfo.getProcessInfo")).processInfo.filter((p) => p.type === "renderer").map((p) => [p.id, p.cpuTime]));
    for (let i = 0; i < SPINS; i++) {
      const before = await times();
      await this.run((ms) => {
        for (const end = performance.now() + ms; performance.now() < end; );
      }, SPIN_MS);
      const took = [...(await times())].map(([id, time]) => [id, time - (before.get(id) ?? 0)]).sort((a, b) => b[1] - a[1]);
      if (took[0][1] > SPIN_MS / 2000 && took[0][1] > 4 * (took[1]?.[1] ?? 0)) return took[0][0];
    }
    throw new Error("the page's process was not found: no renderer stands out");
  }

  /** Collects the garbage of the page and its workers, and waits until nothing more comes back of it. Returns the MB that are left. */
  async settle(pid) {
    const found = [];
    const listener = ({ method, params, sessionId }) => {
      if (method === "Target.attachedToTarget" && sessionId === this.#session) found.push(params.sessionId);
    };
    this.#debug.on(listener);
    await this.#send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: true });
    const sessions = [this.#session, ...found];
    await Promise.all(sessions.map((id) => this.#debug.send("HeapProfiler.collectGarbage", {}, id).catch(() => {})));
    await this.#send("Target.setAutoAttach", { autoAttach: false, waitForDebuggerOnStart: false, flatten: true });
    this.#debug.off(listener);
    let low = resident(pid);
    for (let quiet = 0; quiet < QUIET; quiet++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const now = resident(pid);
      if (now < low - 0.5) quiet = 0;
      low = Math.min(low, now);
    }
    return low;
  }

  async close() {
    await this.#debug.send("Target.closeTarget", { targetId: this.#target });
  }
}

// How many looks, 100 ms apart, must find no less memory than those before.
const QUIET = 10;
