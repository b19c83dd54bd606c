// Sizes of files as they are, by gzip and by brotli, at their best levels.
import { createHash } from "node:crypto";
import fs from "node:fs";
import zlib from "node:zlib";

/** Returns sizeOf(file) → {raw, gzip, brotli}, which remembers in a file what it has computed. */
export function sizer(memory) {
  const known = fs.existsSync(memory) ? JSON.parse(fs.readFileSync(memory, "utf8")) : {};
  return (file) => {
    const bytes = fs.readFileSync(file);
    const hash = createHash("sha256").update(bytes).digest("hex");
    if (!known[hash]) {
      known[hash] = { raw: bytes.length, gzip: zlib.gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes).length };
      fs.writeFileSync(memory, JSON.stringify(known));
    }
    return known[hash];
  };
}

/** The best compression that browsers read. */
export function brotli(bytes) {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  return zlib.brotliCompressSync(bytes, {
    params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}

/** Writes FILE.br beside every file of a folder, as a good static host has them. */
export function compressFolder(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = `${entry.parentPath ?? entry.path}/${entry.name}`;
    if (!entry.isFile() || file.endsWith(".br")) continue;
    const to = `${file}.br`;
    if (fs.existsSync(to) && fs.statSync(to).mtimeMs >= fs.statSync(file).mtimeMs) continue;
    fs.writeFileSync(to, brotli(fs.readFileSync(file)));
  }
}
