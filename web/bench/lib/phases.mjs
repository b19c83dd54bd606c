// What is measured. Each phase adds to the rows of its cases: one row for every
// model, number of threads and engine.
import { performance } from "node:perf_hooks";
import { compare } from "./agree.mjs";
import { openBrowser, openPage, startBrowser, visitPage } from "./browser.mjs";
import { findRenderer, garbageCollector, settle, watchPeak } from "./memory.mjs";

/**
 * Latency: one page per engine in one browser; timed runs go A B C A B C …, so that
 * the noise of a busy machine meets all of them.
 */
export async function latency(bench, cases) {
  const browser = await openBrowser();
  bench.results.browser = browser.version;
  const live = [];
  try {
    for (const row of cases) {
      await bench.attempt(row, "latency", async () => {
        const page = await openPage(browser, bench.server.url, bench.config(row));
        await page.call("load");
        await page.call("create");
        check(bench, row, await page.call("scores"));
        await page.call("run", bench.options.warmup);
        row.ms = [];
        live.push({ row, page });
      });
    }
    for (let round = 0; round < bench.options.runs; round++) {
      for (const { row, page } of live) {
        if (!row.errors) await bench.attempt(row, "run", async () => row.ms.push(...(await page.call("run", 1))));
      }
    }
    for (const { row, page } of live) {
      await bench.attempt(row, "after the runs", async () => check(bench, row, await page.call("scores")));
    }
  } finally {
    await browser.close();
  }
}

// check compares scores with those of the other engines and notes the best class.
function check(bench, row, scores) {
  row.top = compare(bench.known, row.model, `${row.engine} with ${row.threads} thread(s)`, scores, bench.results.models[row.model].tolerance);
}

/**
 * First prediction: a browser with a new profile for each engine, so the first visit finds
 * the HTTP cache cold, the later ones warm. Visits take turns, as the runs for latency do.
 * The files that the first visit asked for are the runtime.
 */
export async function first(bench, cases) {
  const live = [];
  try {
    for (const row of cases) {
      row.first = [];
      await bench.attempt(row, "first prediction", async () => live.push({ row, browser: await startBrowser() }));
    }
    for (let visit = 0; visit < bench.options.visits; visit++) {
      for (const { row, browser } of live) {
        bench.results.browser = browser.version;
        if (!row.errors) await bench.attempt(row, "first prediction", () => visitOnce(bench, row, browser));
      }
    }
  } finally {
    for (const { browser } of live) await browser.close();
  }
}

async function visitOnce(bench, row, browser) {
  const cold = row.first.length === 0;
  if (cold) await bench.server.requested(); // forget the past
  const page = await visitPage(browser, bench.server, bench.config(row));
  row.first.push(page.times);
  if (cold) {
    row.files = (await bench.server.requested()).filter((path) => /^\/(larder|peers)\//.test(path));
    check(bench, row, await page.ask("scores"));
  }
  await page.close();
}

/**
 * Memory: a browser per engine; what its renderer takes before the model is loaded,
 * after that, after runs, after dispose with the runtime alive, and the peak between
 * the first two.
 */
export async function memory(bench, cases) {
  for (const row of cases) {
    await bench.attempt(row, "memory", async () => {
      const browser = await openBrowser();
      try {
        const page = await openPage(browser, bench.server.url, bench.config(row));
        await page.call("load");
        const pid = await findRenderer(page.page, browser.pid);
        const collect = await garbageCollector(page.page);
        const reading = { idle: await settle(collect, pid) };
        const peak = watchPeak(pid);
        await page.call("create");
        reading.peak = peak.stop();
        reading.loaded = await settle(collect, pid);
        await page.call("run", bench.options.many);
        reading.runs = await settle(collect, pid);
        await page.call("dispose");
        reading.disposed = await settle(collect, pid);
        row.memory = reading;
      } finally {
        await browser.close();
      }
    });
  }
}

/** Prints what a step takes, because a whole run takes long. */
export async function timed(what, step) {
  const start = performance.now();
  await step();
  console.error(`${what}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
