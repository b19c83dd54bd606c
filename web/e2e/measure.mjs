// Measures how long a page waits for what the worker has in memory: a model that is loaded, a prediction that was made
// before. Run it on a built site, on a quiet machine; it prints milliseconds, and fails if a memory hit takes more than
// 1 ms at the 99th percentile. The first line is a worker that only echoes, what the machine does by itself; the second
// is a request that does nothing, what Go and the bridge take.
//
//   node web/e2e/measure.mjs [ROUNDS]
import { openBrowser } from "./browser.mjs";
import { startSite } from "./site.mjs";
import { plain } from "./visit.mjs";

const rounds = Number(process.argv[2] ?? 2000);
const site = await startSite();
const browser = await openBrowser();
try {
  await plain(browser.page, site);
  await site.write("echo.js", "onmessage = ({ data }) => postMessage(data);");
  const times = await browser.page.evaluate(async (rounds) => {
    const opened = await larder.open();
    const leaf = await opened.load("leaf-small");
    const language = await opened.load("language");
    const raw = await bytes("models/leaf/2.0.0/demo/bean_rust.jpg");
    const file = new Blob([raw]);
    const pixels = new ImageData(224, 224);
    const echo = new Worker("echo.js");
    const hits = {
      "a worker that echoes": () => new Promise((resolve) => { echo.onmessage = ({ data }) => resolve(data); echo.postMessage({ id: 1 }); }),
      "the least that the worker answers": () => opened.cache.shrink(0),
      "load, a model that is loaded": () => opened.load("leaf-small"),
      "predict, a text": () => language.predict("Wo ist der Bahnhof, bitte?"),
      [`predict, bytes (${raw.byteLength >> 10} KB)`]: () => leaf.predict(raw),
      [`predict, a file (${raw.byteLength >> 10} KB)`]: () => leaf.predict(file),
      "predict, pixels (224 x 224)": () => leaf.predict(pixels),
    };
    const out = {};
    // In turn, so that whatever else the machine does falls on all of them alike.
    for (let i = -50; i < rounds; i++) {
      for (const [name, hit] of Object.entries(hits)) {
        const start = performance.now();
        const got = await hit();
        const took = performance.now() - start;
        if (i >= 0) (out[name] ??= []).push(took);
        await got.dispose?.();
      }
    }
    return out;
  }, rounds);
  const at = (list, q) => list[Math.min(list.length - 1, Math.ceil(q * list.length) - 1)].toFixed(3).padStart(8);
  console.log(`${"".padEnd(36)}${["p50", "p90", "p99", "max"].map((s) => s.padStart(8)).join("")}`);
  for (const [name, list] of Object.entries(times)) {
    list.sort((a, b) => a - b);
    console.log(name.padEnd(36) + [0.5, 0.9, 0.99, 1].map((q) => at(list, q)).join(""));
    if (Number(at(list, 0.99)) > 1) process.exitCode = 1;
  }
} finally {
  await browser.close();
  await site.stop();
}
