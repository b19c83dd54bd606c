// Measures how long a page waits for what the worker has in memory: a model that is loaded, a prediction that was made
// before. Run it on a built site, on a quiet machine; it prints milliseconds, and fails if a settled memory hit takes
// more than 1 ms at the 99th percentile.
//
// The first line is a worker that only echoes: what the machine does by itself. The second is a request that does
// nothing, which ends what is answered without Go (parts/repeats.js), and the third a hit right after that: what it takes
// where Go answers, once after every change. Each kind is measured twice. For its first thousands of calls the browser
// compiles the program's functions a second time, on threads of its own; with two processors such a thread takes the
// place of the page or of the worker for a time slice of the system, 3 to 4 ms. So "first" says what a page sees that
// has just begun, and "settled", after as many calls as SETTLE, what a hit itself costs.
//
// The kinds take turns in blocks. One by one, each would pay for its predecessor's garbage (200 KB of pixels is copied
// for each question about them); in blocks it pays for its own, and whatever else the machine does falls on all alike.
//
//   node web/e2e/measure.mjs [ROUNDS]
import { openBrowser } from "./browser.mjs";
import { startSite } from "./site.mjs";
import { plain } from "./visit.mjs";

const SETTLE = 3000; // calls of each kind before those that count as settled
const BLOCK = 100;
const WARM = 50; // the first calls compute, or connect

const rounds = Number(process.argv[2] ?? 2000);
const site = await startSite();
const browser = await openBrowser();
try {
  await plain(browser.page, site);
  await site.write("echo.js", "onmessage = ({ data }) => postMessage(data);");
  const times = await browser.page.evaluate(async ({ rounds, settle, block, warm }) => {
    const opened = await larder.open();
    const leaf = await opened.load("leaf-small");
    const language = await opened.load("language");
    const raw = await bytes("models/leaf/2.0.0/demo/bean_rust.jpg");
    const file = new Blob([raw]);
    const pixels = new ImageData(224, 224);
    const echo = new Worker("echo.js");
    const hits = {
      "a worker that echoes": () => new Promise((resolve) => { echo.onmessage = ({ data }) => resolve(data); echo.postMessage({ id: 1 }); }),
      "the least that Go answers": () => opened.cache.shrink(0),
      "a text that Go answers": () => language.predict("Wo ist der Bahnhof, bitte?"),
      "load, a model that is loaded": () => opened.load("leaf-small"),
      "predict, a text": () => language.predict("Wo ist der Bahnhof, bitte?"),
      [`predict, a file (${raw.byteLength >> 10} KB)`]: () => leaf.predict(file),
      [`predict, bytes (${raw.byteLength >> 10} KB)`]: () => leaf.predict(raw),
      "predict, pixels (224 x 224)": () => leaf.predict(pixels),
    };
    const out = {};
    const measure = async (list, name, n) => {
      const hit = hits[name];
      for (let i = 0; i < n; i++) {
        if (name === "a text that Go answers") await opened.cache.shrink(0);
        const start = performance.now();
        const got = await hit();
        list.push(performance.now() - start);
        await got.dispose?.();
      }
    };
    for (const phase of ["warm", "first", "rest", "settled"]) {
      const n = { warm, first: rounds, rest: settle - rounds, settled: rounds }[phase];
      for (let done = 0; done < n; done += block) {
        for (const name of Object.keys(hits)) await measure(((out[phase] ??= {})[name] ??= []), name, Math.min(block, n - done));
      }
    }
    return out;
  }, { rounds, settle: SETTLE, block: BLOCK, warm: WARM });
  const at = (list, q) => list[Math.min(list.length - 1, Math.ceil(q * list.length) - 1)].toFixed(3).padStart(8);
  for (const phase of ["first", "settled"]) {
    console.log(`${phase.padEnd(36)}${["p50", "p90", "p99", "max"].map((s) => s.padStart(8)).join("")}`);
    for (const [name, list] of Object.entries(times[phase])) {
      list.sort((a, b) => a - b);
      console.log(name.padEnd(36) + [0.5, 0.9, 0.99, 1].map((q) => at(list, q)).join(""));
      if (phase === "settled" && /^(load|predict)/.test(name) && Number(at(list, 0.99)) > 1) process.exitCode = 1;
    }
  }
} finally {
  await browser.close();
  await site.stop();
}
