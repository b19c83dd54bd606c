// The tables of a file of results:
//   node lib/table.mjs FILE
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const sorted = (list) => [...list].sort((a, b) => a - b);
const min = (list) => Math.min(...list);
const known = (v) => v !== undefined && v !== null && Number.isFinite(v);
const ms = (v) => (!known(v) ? "–" : v >= 1000 ? `${(v / 1000).toFixed(1)} s` : v >= 100 ? v.toFixed(0) : v.toFixed(1));
const fixed = (v, digits) => (known(v) ? v.toFixed(digits) : "–");
const integer = (v) => v.toLocaleString("en-US");

/** The middle of a list; of an even one the mean of the two in the middle. */
export function median(list) {
  const s = sorted(list);
  const half = s.length >> 1;
  return s.length % 2 ? s[half] : (s[half - 1] + s[half]) / 2;
}

/** How many times as fast a is as b: medians over rounds, medians and minima of both. */
export function compareTimes(a, b) {
  const rounds = Math.min(a.length, b.length);
  if (rounds === 0) return null;
  const paired = Array.from({ length: rounds }, (_, i) => b[i] / a[i]);
  return { paired: median(paired), median: median(b) / median(a), min: min(b) / min(a) };
}

function table(head, rows) {
  const text = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(3, ...text.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rule = `|${widths.map((w, i) => (i < 3 ? "-".repeat(w + 2) : `${"-".repeat(w + 1)}:`)).join("|")}|`;
  return [line(text[0]), rule, ...text.slice(1).map(line)].join("\n");
}

/** All tables of the results, as Markdown. */
export function report(results) {
  const base = results.options.engines[0];
  const title = (row) => results.engines[row.engine].title;
  const facts = { results, base, title, same: (row) => results.rows.find((r) => r.engine === base && r.model === row.model && r.threads === row.threads) };
  const parts = [
    `${results.cpus} x ${results.cpu}, Chromium ${results.browser ?? "–"}, Node ${results.node}, ${results.date}, load ${results.load.map((l) => l.toFixed(1)).join(" to ")}`,
    latencyTable(facts),
    meanTable(facts),
    firstTable(facts),
    sizeTable(facts),
    memoryTable(facts),
    loadTable(facts),
    errorList(facts),
  ];
  return parts.filter(Boolean).join("\n\n") + "\n";
}

function latencyTable({ results, base, title, same }) {
  const rows = results.rows.filter((row) => row.ms?.length);
  if (rows.length === 0) return "";
  const name = results.engines[base].title;
  const cells = rows.map((row) => {
    const mine = same(row)?.ms;
    const ratio = row.engine !== base && mine ? compareTimes(mine, row.ms) : null;
    const macs = results.models[row.model].macs;
    return [
      results.models[row.model].title, row.threads, title(row), ms(median(row.ms)), ms(min(row.ms)),
      fixed((2 * macs) / min(row.ms) / 1e6, 1),
      fixed(ratio?.paired, 2), fixed(ratio?.median, 2), fixed(ratio?.min, 2),
      `${row.top.class}: ${row.top.score.toPrecision(6)}`,
    ];
  });
  const head = ["model", "threads", "engine", "median ms", "min ms", "GFLOP/s", "paired", "of medians", "of minima", "top-1"];
  return `## Latency\n\nThe ratios say how many times as long it takes as ${name}; paired is the median over rounds. GFLOP/s is at the minimum. ${results.options.runs} runs.\n\n` + table(head, cells);
}

// meanTable is the geometric mean of the ratios over all models.
function meanTable({ results, base, title, same }) {
  const ratios = new Map();
  for (const row of results.rows) {
    const mine = same(row);
    if (row.engine === base || !row.ms?.length || !mine?.ms?.length) continue;
    const key = `${row.threads} ${row.engine}`;
    if (!ratios.has(key)) ratios.set(key, { row, list: [] });
    ratios.get(key).list.push(compareTimes(mine.ms, row.ms));
  }
  if (ratios.size === 0) return "";
  const mean = (list, key) => Math.exp(list.reduce((sum, r) => sum + Math.log(r[key]), 0) / list.length);
  const cells = [...ratios.values()].map(({ row, list }) => [
    list.length, row.threads, title(row), ...["paired", "median", "min"].map((key) => mean(list, key).toFixed(2)),
  ]);
  return `Geometric means of these ratios\n\n` + table(["models", "threads", "engine", "paired", "of medians", "of minima"], cells);
}

function firstTable({ results, title }) {
  const rows = results.rows.filter((row) => row.first?.length);
  if (rows.length === 0) return "";
  const cells = rows.map((row) => {
    const [cold, ...warm] = row.first;
    const best = sorted(warm.map((visit) => visit.first));
    return [results.models[row.model].title, row.threads, title(row), ms(cold.first), ms(cold.runtime), ms(cold.model), ms(cold.ready),
      ms(best.length ? median(best) : null), ms(best[0]), ms(warm.length ? median(warm.map((visit) => visit.start)) : null)];
  });
  const head = ["model", "threads", "engine", "cold ms", "runtime", "model", "ready", "warm ms", "warm min", "start"];
  return "## First prediction\n\nFrom navigation, with the HTTP cache cold (with the steps on the way) and warm; the network takes no time. The start is when a warm page first asks for its engine.\n\n" + table(head, cells);
}

function sizeTable({ results }) {
  const sizes = Object.entries(results.sizes ?? {});
  if (sizes.length === 0) return "";
  const cells = sizes.map(([key, s]) => {
    const [engine, threads] = key.split(" ");
    return [results.engines[engine].title, threads, s.files.length, integer(s.raw), integer(s.gzip), integer(s.brotli)];
  });
  return "## Runtime\n\nBytes of the files that were fetched, without the model.\n\n" + table(["engine", "threads", "files", "raw", "gzip -9", "brotli -11"], cells);
}

function memoryTable({ results, title }) {
  const rows = results.rows.filter((row) => row.memory);
  if (rows.length === 0) return "";
  const cells = rows.map((row) => {
    const above = (stage) => fixed(row.memory[stage] - row.memory.idle, 0);
    const weights = results.models[row.model].bytes / 2 ** 20;
    return [results.models[row.model].title, row.threads, title(row), fixed(row.memory.idle, 0), ...["loaded", "runs", "disposed", "peak"].map(above),
      fixed((row.memory.peak - row.memory.idle) / weights, 2)];
  });
  const head = ["model", "threads", "engine", "idle", "loaded", "runs", "disposed", "peak", "peak/model"];
  return `## Memory\n\nMB (2^20 bytes) resident in the renderer: with the runtime alone, then how much more with the model loaded, after ${results.options.many} runs, after dispose with the runtime alive, and at most while loading (also as a multiple of the model's file).\n\n` + table(head, cells);
}

function loadTable({ results, title }) {
  const cells = results.rows.flatMap((row) => (row.loads ?? []).map(({ form, from, bytes, ms: took, first, memory }) => [
    results.models[row.model].title, row.threads, `${form} from ${from}`, (bytes / 2 ** 20).toFixed(1), ms(median(took)), ms(min(took)), ms(median(first)),
    fixed(memory?.peak, 0), fixed(memory?.peak / (bytes / 2 ** 20), 2), fixed(memory?.disposed, 0),
  ]));
  if (cells.length === 0) return "";
  const head = ["model", "threads", "form and source", "MB", "load ms", "min ms", "first run", "peak", "peak/MB", "disposed"];
  return `## Loading\n\nLarder alone: a model as ONNX or compiled with 32-bit or 16-bit weights. Milliseconds until it is ready, and of the run behind that; MB resident above the idle runtime at most while loading and running, as a multiple of the files, and after dispose.\n\n` + table(head, cells);
}

function errorList({ results }) {
  const list = results.rows.flatMap((row) => (row.errors ?? []).map((error) => `- ${row.model}, ${row.engine}, ${row.threads} thread(s): ${error}`));
  return list.length ? "## Errors\n\n" + list.join("\n") : "";
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(report(JSON.parse(fs.readFileSync(process.argv[2], "utf8"))));
}
