// The benchmark: see README.md. ./build.sh bench builds what it needs and starts it:
//   node run.mjs WORK [options]
// WORK holds gen and serve (programs), larder (the built site) and models, and gets
// the other engines' files and the results.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { FORMS, load, makePackages } from "./lib/loads.mjs";
import { readOptions, usage } from "./lib/options.mjs";
import { installPeer } from "./lib/peers.mjs";
import { first, latency, memory, timed } from "./lib/phases.mjs";
import { startServer } from "./lib/server.mjs";
import { compressFolder, sizer } from "./lib/size.mjs";
import { report } from "./lib/table.mjs";

if (process.argv.includes("--help")) {
  console.log(usage);
  process.exit();
}
const here = path.dirname(fileURLToPath(import.meta.url));
const work = path.resolve(process.argv[2] ?? ".");
const folders = { larder: path.join(work, "larder"), peers: path.join(work, "peers"), models: path.join(work, "models"), pages: here };

/** The engines, in the order of the tables. */
const ENGINES = ["larder", "larder-compiled", "ort", "tfjs", "litert"];

const models = JSON.parse(fs.readFileSync(path.join(folders.models, "models.json"), "utf8"));
const options = parse(process.argv.slice(3));
if (options.models.includes("leaf")) models.push(addLeaf());
const engines = {};
for (const name of options.engines) {
  engines[name] = { name, ...(await import(`./engines/${name}.mjs`)) };
  installPeer(engines[name], here, folders.peers);
}
if (options.encoding === "br") compressFolder(folders.peers);

const results = {
  schema: 1,
  date: new Date().toISOString(),
  options,
  cpus: os.cpus().length,
  cpu: os.cpus()[0]?.model ?? "processor",
  node: process.version,
  load: [os.loadavg()[0]],
  engines: Object.fromEntries(options.engines.map((name) => [name, { title: engines[name].title, version: version(engines[name]) }])),
  models: Object.fromEntries(models.map(({ name, ...facts }) => [name, facts])),
  rows: [],
};
const packages = addPackages();
const server = await startServer(path.join(work, "serve"), folders, options.encoding);
const bench = {
  options,
  results,
  server,
  packages, // by name: bytes that a load reads
  known: {}, // by model: the scores that all must agree with
  config: ({ engine, model, threads }) => ({ engine: engines[engine], model, inputs: results.models[model].inputs, threads, timeout: options.timeout }),
  async attempt(row, what, step) {
    try {
      await step();
    } catch (error) {
      (row.errors ??= []).push(`${what}: ${error.message ?? error}`);
      console.error(`${row.model}, ${row.engine}, ${row.threads} thread(s): ${row.errors.at(-1)}`);
    }
  },
};

try {
  for (const names of options.together ? [options.models] : options.models.map((model) => [model])) {
    for (const threads of options.threads) await measure(names, threads);
  }
  if (options.phases.includes("size")) results.sizes = sizes();
} finally {
  server.stop();
  results.load.push(os.loadavg()[0]);
  fs.writeFileSync(options.out, JSON.stringify(results, null, 1) + "\n");
}
console.log(report(results));
console.error(`the results are in ${path.relative(process.cwd(), options.out)}`);
if (results.rows.some((row) => row.errors)) process.exitCode = 1;

function parse(args) {
  try {
    return readOptions(args, { models: models.map((m) => m.name), engines: ENGINES, out: path.join(work, "results.json") });
  } catch (error) {
    console.error(`bench: ${error.message}\n${usage}`);
    process.exit(2);
  }
}

// addLeaf puts the demo's model among the others.
function addLeaf() {
  const file = path.join(folders.models, "leaf.onnx");
  fs.copyFileSync(path.join(folders.larder, "models/leaf/2.0.0/model.onnx"), file);
  const inputs = [{ name: "image", type: "float32", dims: [1, 3, 224, 224] }];
  return { name: "leaf", title: "leaf 2.0.0", bytes: fs.statSync(file).size, onnx: true, macs: 300e6, inputs };
}

// measures says whether a phase is measured with an engine.
function measures(engine, phase) {
  return phase === "load" ? engine === "larder" : (engines[engine].phases?.includes(phase) ?? true);
}

// addPackages makes those packages of the models that the phases and engines want.
function addPackages() {
  const wanted = (name) => options.phases.some((phase) => measures(name, phase));
  const made = options.engines.filter(wanted).flatMap((name) => engines[name].made ?? []);
  const forms = options.phases.includes("load") && options.engines.includes("larder") ? FORMS : made;
  if (forms.length === 0) return {};
  const files = options.models.map((name) => path.join(folders.models, `${name}.onnx`));
  return makePackages(path.resolve(work, "../larder"), files, path.join(folders.models, "packages"), forms);
}

// version is what package.json pins; Larder is the sources as they are.
function version(engine) {
  if (!engine.files) return "this checkout";
  const [scope, name] = engine.files[0].split("/");
  const file = path.join(here, "node_modules", scope.startsWith("@") ? `${scope}/${name}` : scope, "package.json");
  return JSON.parse(fs.readFileSync(file, "utf8")).version;
}

// able lists the cases of a model: the engines that read a format of it.
function able(model, threads) {
  const { formats } = results.models[model];
  const names = options.engines.filter((name) => !formats || formats.includes(path.extname(engines[name].file?.(model) ?? ".onnx")));
  const without = options.engines.filter((name) => !names.includes(name));
  if (without.length) console.error(`${model} is there as ${formats.join(" and ")} only, which ${without.join(" and ")} cannot read: skipped`);
  return names.map((engine) => ({ model, threads, engine }));
}

async function measure(names, threads) {
  const cases = names.flatMap((model) => able(model, threads)).filter(({ engine }) => options.phases.some((name) => measures(engine, name)));
  results.rows.push(...cases);
  const phases = { latency, first, memory, load };
  for (const [name, phase] of Object.entries(phases)) {
    // What a first visit fetches is also what the sizes are of.
    const wanted = options.phases.includes(name) || (name === "first" && needsFiles(threads));
    if (wanted) await timed(`${names.join(", ")}, ${threads} thread(s), ${name}`, () => phase(bench, cases.filter(({ engine }) => measures(engine, name))));
    fs.writeFileSync(options.out, JSON.stringify(results, null, 1) + "\n");
  }
}

// needsFiles says whether only the sizes still lack a visit with so many threads.
function needsFiles(threads) {
  return options.phases.includes("size") && !results.rows.some((row) => row.threads === threads && row.files);
}

// sizes sums up the files of the runtime, by engine and number of threads.
function sizes() {
  const sizeOf = sizer(path.join(work, "sizes.json"));
  const sums = {};
  for (const { engine, threads, files } of results.rows) {
    const key = `${engine} ${threads}`;
    if (!files || sums[key]) continue;
    const names = [...new Set(files)];
    const sum = { files: names, raw: 0, gzip: 0, brotli: 0 };
    for (const name of names) {
      const size = sizeOf(path.join(work, name));
      for (const form of ["raw", "gzip", "brotli"]) sum[form] += size[form];
    }
    sums[key] = sum;
  }
  return sums;
}
