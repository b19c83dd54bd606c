// Puts the files of an engine together that its page fetches.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Copies and bundles what the engine's adapter lists. node: the folder of package.json. */
export function installPeer(engine, node, folder) {
  if (!engine.files) return;
  const modules = path.join(node, "node_modules");
  const out = path.join(folder, engine.name);
  fs.mkdirSync(out, { recursive: true });
  for (const file of engine.files) fs.copyFileSync(path.join(modules, file), path.join(out, path.basename(file)));
  if (!engine.bundle) return;
  execFileSync(esbuild(modules), ["--bundle", "--minify", "--format=esm", "--log-level=error", `--outfile=${path.join(out, engine.bundle.name)}`], {
    cwd: node,
    input: engine.bundle.source,
    stdio: ["pipe", "inherit", "inherit"],
  });
}

// esbuild returns the program of this platform's package: without install scripts,
// which nobody runs here, the package esbuild itself has none.
function esbuild(modules) {
  const scope = path.join(modules, "@esbuild");
  for (const platform of fs.readdirSync(scope)) {
    const file = path.join(scope, platform, "bin", "esbuild");
    if (fs.existsSync(file)) return file;
  }
  throw new Error(`no esbuild in ${scope} for ${process.platform} on ${process.arch}`);
}
