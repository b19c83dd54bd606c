// Runs the built edge Worker in workerd on this machine: no account, no network.
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const here = path.dirname(fileURLToPath(import.meta.url));
export const BUILT = path.resolve(here, "../../../dist-edge");
export const MODELS = path.resolve(here, "../../../web/static/models");
export const TOKEN = "a token for this machine only";

const MODULES = {
  "worker.mjs": "ESModule",
  "engine.mjs": "ESModule",
  "objects.mjs": "ESModule",
  "control.mjs": "ESModule",
  "wasm_exec.js": "ESModule",
  "edge.wasm": "CompiledWasm",
  "control.wasm": "CompiledWasm",
  "kernels-relaxed.wasm": "CompiledWasm",
  "kernels-simd.wasm": "CompiledWasm",
};

// start returns a running Worker. Options: port (default: any), assets: true serves the registry from static assets
// instead of the bucket, indexTTL in seconds.
export async function start({ port = 0, assets = false, indexTTL = "60" } = {}) {
  const modules = await Promise.all(
    Object.entries(MODULES).map(async ([name, type]) => {
      const file = path.join(BUILT, name);
      return { type, path: file, contents: await readFile(file) };
    }),
  );
  const mf = new Miniflare({
    modulesRoot: BUILT,
    modules,
    compatibilityDate: "2026-04-01",
    host: "127.0.0.1",
    port,
    bindings: { CONTROL_TOKEN: TOKEN, INDEX_TTL_SECONDS: indexTTL },
    ...(assets ? { assets: { directory: path.dirname(MODELS), binding: "ASSETS", routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true } } } : { r2Buckets: ["MODELS"] }),
  });
  const url = String(await mf.ready).replace(/\/$/, "");
  return { url, mf, stop: () => mf.dispose() };
}

// upload puts every file of the registry in a folder into the bucket.
export async function upload(mf, folder = MODELS) {
  const bucket = await mf.getR2Bucket("MODELS");
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    await bucket.put("models/" + path.relative(folder, file).split(path.sep).join("/"), new Uint8Array(await readFile(file)));
  }
}
