// A browser as a person has it: of its tabs one is visible, and none while the window is
// minimised. Playwright makes every page believe that it is looked at, so this speaks the
// DevTools protocol by itself, over the pipe that Chromium offers.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { FLAGS } from "./browser.mjs";

// openRaw starts Chromium with an empty profile. It returns
//
//   open(url)         opens a tab in front of all others, in the same window, and waits until it is loaded
//   minimize(yes)     puts the window away, or shows it again
//   close()           ends the browser and removes the profile
//
// A tab has evaluate(f, arg), which calls a function in the page, as Playwright's does.
export async function openRaw() {
  const profile = await fs.mkdtemp(path.join(os.tmpdir(), "larder-profile-"));
  const flags = [...FLAGS, "--headless", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
  if (process.getuid?.() === 0) flags.push("--no-sandbox"); // Chromium's sandbox refuses root
  const child = spawn(process.env.CHROMIUM || "/usr/bin/chromium", [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const protocol = new Protocol(child);
  const tabs = [];
  return {
    open: async (url) => {
      const { targetId } = await protocol.send("Target.createTarget", { url: "about:blank" });
      tabs.push(targetId);
      const { sessionId } = await protocol.send("Target.attachToTarget", { targetId, flatten: true });
      await protocol.send("Page.enable", {}, sessionId);
      const loaded = protocol.event("Page.loadEventFired", sessionId);
      await protocol.send("Page.navigate", { url }, sessionId);
      await loaded;
      return new Tab(protocol, sessionId);
    },
    minimize: async (yes = true) => {
      const { windowId } = await protocol.send("Browser.getWindowForTarget", { targetId: tabs.at(-1) });
      await protocol.send("Browser.setWindowBounds", { windowId, bounds: { windowState: yes ? "minimized" : "normal" } });
    },
    close: async () => {
      const exit = once(child, "exit");
      await protocol.send("Browser.close").catch(() => {});
      await exit;
      await fs.rm(profile, { recursive: true, force: true });
    },
  };
}

class Tab {
  #protocol;
  #session;

  constructor(protocol, session) {
    this.#protocol = protocol;
    this.#session = session;
  }

  async evaluate(f, arg) {
    const expression = `(${f})(${JSON.stringify(arg)})`;
    const { result, exceptionDetails } = await this.#protocol.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }, this.#session);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }
}

// Protocol sends commands over the pipe and hands out the answers, all of which are JSON with a zero byte behind.
class Protocol {
  #pipe;
  #last = 0;
  #waiting = new Map(); // id → who waits for the answer
  #events = []; // who waits for an event

  constructor(child) {
    this.#pipe = child.stdio[3];
    this.#pipe.on("error", () => {}); // it has ended, which exit tells
    let rest = "";
    child.stdio[4].setEncoding("utf8").on("data", (text) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop();
      for (const message of messages) this.#receive(JSON.parse(message));
    });
    child.once("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser has ended"));
      this.#waiting.clear();
    });
  }

  send(method, params = {}, sessionId) {
    const id = ++this.#last;
    this.#pipe.write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((resolve, reject) => this.#waiting.set(id, { method, resolve, reject }));
  }

  event(method, sessionId) {
    return new Promise((resolve) => this.#events.push({ method, sessionId, resolve }));
  }

  #receive({ id, result, error, ...event }) {
    const call = this.#waiting.get(id);
    if (!call) return this.#tell(event);
    this.#waiting.delete(id);
    if (error) call.reject(new Error(`${call.method}: ${error.message}`));
    else call.resolve(result);
  }

  #tell({ method, sessionId }) {
    this.#events = this.#events.filter((e) => e.method !== method || e.sessionId !== sessionId || e.resolve());
  }
}
