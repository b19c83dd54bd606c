// A registry of another origin. What its host shows to other origins, and what it lets
// them ask, are two settings; many have the first only.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "./lib.mjs";
import { plainPage, visit } from "./visit.mjs";

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

// startHost serves a folder, for this origin and others: a plain static host, without the policy of Larder's own server.
// expose: the headers that others may read; allow: those that they may send.
async function startHost(t, dir, { expose, allow }) {
  const server = http.createServer(async (request, response) => {
    const name = new URL(request.url, "http://host").pathname;
    const open = { "access-control-allow-origin": "*", ...(expose && { "access-control-expose-headers": expose }) };
    if (request.method === "OPTIONS") {
      response.writeHead(allow ? 204 : 405, allow ? { ...open, "access-control-allow-headers": allow } : open).end();
      return;
    }
    const data = await fs.readFile(path.join(dir, name)).catch(() => null);
    if (!data) return void response.writeHead(404, open).end();
    const etag = `"${createHash("md5").update(data).digest("hex")}"`;
    const head = { ...open, etag, "content-type": TYPES[path.extname(name)] ?? "application/octet-stream" };
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304, head).end();
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (from === undefined) return void response.writeHead(200, { ...head, "content-length": data.length }).end(data);
    const part = data.subarray(Number(from), Number(to) + 1);
    response.writeHead(206, { ...head, "content-length": part.length, "content-range": `bytes ${from}-${to}/${data.length}` }).end(part);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => (server.closeAllConnections(), server.close()));
  return server.address().port;
}

for (const [name, options] of Object.entries({
  "that shows nothing": {},
  "that shows its ETag and takes no conditions": { expose: "ETag" },
  "that shows and takes everything": { expose: "*", allow: "*" },
})) {
  test(`a registry of another origin ${name}`, async (t) => {
    const { site, page } = await visit(t, browser, { expected: [/blocked by CORS|ERR_FAILED/] });
    await plainPage(site);
    const port = await startHost(t, site.dir, options);
    t.after(() => page.close());
    await page.goto(`http://127.0.0.1:${port}/plain.html`);
    const got = await page.evaluate(async (models) => {
      const opened = await larder.open({ threads: 1, models });
      const model = await opened.load("leaf", { version: "1.1.0" }); // large enough for two requests
      const refreshed = await opened.cache.refresh("leaf");
      await opened.close();
      return [model.info.source, refreshed.map((e) => `${e.model.version} ${e.model.freshness}`)];
    }, `http://localhost:${port}/models/`);
    assert.deepEqual(got, ["registry", ["1.1.0 fresh"]]);
  });
}
