// What goes wrong is said plainly and with a code, and the next good photo is
// answered.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { openBrowser } from "./lib.mjs";
import { choose, complaint, demo, manifest, photo, pick, plain, problem, reached, start, upload, visit } from "./visit.mjs";

const NETWORK = [/console: Failed to load resource/]; // what Chromium says by itself when a request fails

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

/** grayPNG makes a valid black picture of that size, of few bytes. */
function grayPNG(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(sum(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  const rows = deflateSync(Buffer.alloc(height * (width + 1)), { level: 1 });
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]);
}

// sum is PNG's checksum; older releases of Node have none of their own.
function sum(data) {
  if (crc32) return crc32(data);
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

test("a file that is no usable photo is refused in words, and the next one answered", async (t) => {
  const { site, page } = await visit(t, browser);
  const jpeg = await fs.readFile(photo("bean_rust.jpg"));
  const noise = Buffer.from(jpeg);
  noise.fill(0x55, 20, 4000); // tables and headers gone, markers of beginning and end left
  const files = [
    { name: "truncated.jpg", buffer: jpeg.subarray(0, jpeg.length >> 1), code: "invalid-input", says: /cut short/i },
    { name: "header-only.jpg", buffer: jpeg.subarray(0, 40), code: "invalid-input", says: /cut short/i },
    { name: "damaged.jpg", buffer: noise, code: "invalid-input", says: /not a picture that can be read/ },
    { name: "text.jpg", buffer: Buffer.from("Dear Sir or Madam,\nthis is not a photo.\n"), code: "invalid-input", says: /looks like text/ },
    { name: "empty.jpg", buffer: Buffer.alloc(0), code: "invalid-input", says: /empty/i },
    { name: "forty-megapixels.png", buffer: grayPNG(8000, 5000), code: "unsupported-input", says: /40\.0 megapixels; the limit is 33\.5.*8000 x 5000/ },
    { name: "bomb.png", buffer: grayPNG(65_000, 1).fill(0x7f, 16, 24), code: "unsupported-input", says: /too large/i },
  ];
  await start(page, site.url);
  await pick(page, "leaf-small@", "Bean leaf diseases, small", "1.0.0"); // the quick one: it answers many times here
  await reached(page, "ready");
  for (const { name, buffer, code, says } of files) {
    const file = { name, mimeType: name.endsWith("png") ? "image/png" : "image/jpeg", buffer };
    const said = await complaint(page, `Your photo: ${name}`, code, () => choose(page, file));
    assert.match(said, says, name);
    assert.match(said, /Choose a JPEG, PNG or WebP/, `${name}: no way out is named`);
    assert.equal((await upload(page, photo("healthy.jpg"))).headline, "Healthy", `after ${name}`);
  }
  const small = await upload(page, { name: "tiny.png", mimeType: "image/png", buffer: grayPNG(1, 1) });
  assert.equal(small.rows.length, 3, "a picture of one pixel is a picture");
});

test("larder.js refuses what it cannot do with a code", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const got = await page.evaluate(async () => {
    const opened = await larder.open();
    const leaf = await opened.load("leaf-small");
    const photo = await bytes("models/leaf/2.0.0/demo/bean_rust.jpg");
    const results = {
      model: await refused(opened.load("leef")),
      version: await refused(opened.load("leaf", { version: "9.0.0" })),
      range: await refused(opened.load("leaf", { version: "^3" })),
      nonsense: await refused(opened.load("leaf", { version: "newest!" })),
      file: await refused(opened.load("../leaf")), // an address, where nothing is
      path: await refused(opened.load("http://[/leaf")),
      number: await refused(opened.load(7)),
      evict: await refused(opened.cache.evict(null)),
      truncated: await refused(leaf.predict(photo.slice(0, 60_000))),
      empty: await refused(leaf.predict(new Blob([]))),
      text: await refused(leaf.predict(new Blob(["no picture"]))),
      threads: await refused(larder.open({ threads: 99 })),
      address: await refused(larder.open({ models: "http://[" })),
      label: (await leaf.predict(photo)).label,
    };
    await opened.close();
    return { ...results, closed: await refused(opened.load("leaf")) };
  });
  const codes = Object.fromEntries(Object.entries(got).map(([k, v]) => [k, v.code]));
  assert.deepEqual(codes, {
    model: "not-found",
    version: "not-found",
    range: "not-found",
    nonsense: "invalid-input",
    file: "not-found",
    path: "invalid-input",
    number: "invalid-input",
    evict: "invalid-input",
    truncated: "invalid-input",
    empty: "invalid-input",
    text: "invalid-input",
    threads: "invalid-input",
    address: "invalid-input",
    label: undefined,
    closed: "closed",
  });
  assert.equal(got.label, "bean_rust");
  assert.match(got.model.message, /leef/);
  assert.ok(got.model.detail.near.includes("leaf"), JSON.stringify(got.model.detail));
  assert.match(got.version.message, /9\.0\.0/);
});

for (const part of ["js", "wasm"]) {
  test(`a worker.${part} that is missing is told, and a reload helps`, async (t) => {
    const { site, page } = await visit(t, browser, { expected: NETWORK });
    const restore = site.intercept(new RegExp(`/worker\\.[0-9a-f]+\\.${part}$`), ({ response, record }) => {
      record.status = 404;
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      return true;
    });
    await plain(page, site);
    const refusal = await page.evaluate(() => refused(larder.open()));
    assert.equal(refusal.code, "not-found");
    assert.match(refusal.message, new RegExp(`worker\\.[0-9a-f]+\\.${part}`));

    await page.goto(site.url);
    assert.match(await problem(page, "not-found"), /A part of Larder is missing on this site/);
    restore();
    await page.getByRole("button", { name: "Reload the page" }).click();
    await reached(page, "ready");
    assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
  });
}

const beginnings = {
  "is not there for the moment": ({ response, record }) => {
    record.status = 503;
    response.writeHead(503).end();
  },
  "is no program": ({ response, record }) => {
    record.status = 200;
    response.writeHead(200, { "content-type": "application/wasm", "cache-control": "no-store" }).end("no program");
  },
  "comes without its type": async ({ request, response, record, site }) => {
    record.status = 200;
    const name = path.basename(new URL(request.url, "http://host").pathname);
    response.writeHead(200, { "content-type": "application/octet-stream", "cache-control": "no-store" }).end(await fs.readFile(path.join(site.dir, "assets", name)));
  },
};

for (const [what, answer] of Object.entries(beginnings)) {
  test(`where the page cannot compile the program, because it ${what}, the worker does`, async (t) => {
    const { site, page } = await visit(t, browser, { expected: NETWORK });
    await plain(page, site);
    const restore = site.intercept(/\/worker\.[0-9a-f]+\.wasm$/, async (exchange) => {
      restore(); // the first only
      await answer({ ...exchange, site });
      return true;
    });
    const label = await page.evaluate(async () => {
      const opened = await larder.open();
      const leaf = await opened.load("leaf");
      return (await leaf.predict(new Blob([await bytes("models/leaf/2.0.0/demo/healthy.jpg")]))).label;
    });
    assert.equal(label, "healthy");
    assert.equal(site.traffic(/^assets\/worker\.[0-9a-f]+\.wasm$/).requests, 2);
  });
}

test("closing and aborting while the worker starts", async (t) => {
  const { site, page } = await visit(t, browser);
  await plain(page, site);
  const codes = await page.evaluate(async () => {
    const controller = new AbortController();
    const stopped = refused(larder.open({ signal: controller.signal })); // the request waits in the worker
    controller.abort();
    const never = refused(larder.open({ signal: AbortSignal.abort() }));
    const opened = await larder.open();
    const loading = refused(opened.load("leaf"));
    opened.close();
    return [(await stopped).code, (await never).code, (await loading).code];
  });
  assert.deepEqual(codes, ["aborted", "aborted", "closed"]);
});

test("a model that the registry does not have any more is told, and another one helps", async (t) => {
  const { site, page } = await visit(t, browser, { expected: NETWORK });
  // The page was built with leaf in the list.
  await site.edit("models/index.json", (index) => {
    delete index.models.leaf;
    index.default = "leaf-small";
  });
  await page.goto(site.url);
  assert.match(await problem(page, "not-found"), /This site does not have that model/);
  await pick(page, "leaf-small@", "Bean leaf diseases, small", "1.0.0");
  await reached(page, "ready");
  assert.equal((await upload(page, photo("bean_rust.jpg"))).headline, "Bean rust");
});

test("a registry without an index, or with a broken one", async (t) => {
  const { site, page } = await visit(t, browser, { expected: NETWORK });
  await plain(page, site);
  await site.write("models/broken/index.json", `{"schema": 1, "models": {"leaf": {"versions": ["1.0`);
  await site.write("models/newer/index.json", JSON.stringify({ schema: 2, models: {} }));
  const codes = await page.evaluate(async () => {
    const from = async (models) => {
      const opened = await larder.open({ models });
      return (await refused(opened.load("leaf-small"))).code;
    };
    return { broken: await from("models/broken/"), newer: await from("models/newer"), none: await from("nowhere/") };
  });
  assert.deepEqual(codes, { broken: "invalid-model", newer: "invalid-model", none: "not-found" });
});

test("damaged files of the registry are not used", async (t) => {
  const { site, page } = await visit(t, browser);
  const file = path.join(site.dir, "models/leaf/2.0.0/model.onnx");
  const good = await fs.readFile(file);
  const bad = Buffer.from(good);
  bad[2_000_000] ^= 1;
  await site.write("models/leaf/2.0.0/model.onnx", bad);
  await page.goto(site.url);
  assert.match(await problem(page, "corrupt"), /damaged, so Larder did not use it/);
  await site.write("models/leaf/2.0.0/model.onnx", good);
  site.forget();
  await page.getByRole("button", { name: "Try again" }).click();
  await reached(page, "ready");
  assert.ok(site.traffic(/model\.onnx$/).bytes < good.length, "what had arrived whole is kept");
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
});

// holdAfter lets the answer to a model's file stop after so many bytes. It returns promises of the moments when that
// much was sent and when the browser gave up, and a function that takes the rule away.
async function holdAfter(site, bytes) {
  const { resolve: sent, promise: held } = promise();
  const { resolve: gone, promise: dropped } = promise();
  const restore = site.intercept(/\/model\.onnx$/, async ({ request, response, record }) => {
    const name = new URL(request.url, "http://host").pathname.slice(site.base.length);
    const content = await fs.readFile(path.join(site.dir, name));
    record.status = 200;
    response.on("close", gone);
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": content.length, etag: '"held"', "accept-ranges": "bytes" });
    response.write(content.subarray(0, bytes), sent);
    return true;
  });
  return { held, dropped, restore };
}

function promise() {
  const out = {};
  out.promise = new Promise((resolve) => (out.resolve = resolve));
  return out;
}

test("a host that compresses whatever is asked, or answers with its own page", async (t) => {
  const { site, page } = await visit(t, browser, { expected: [/ERR_CONTENT_DECODING_FAILED/] });
  await plain(page, site);
  const file = await fs.readFile(path.join(site.dir, "models/leaf/1.1.0/model.onnx"));
  const load = () =>
    page.evaluate(async () => {
      const opened = await larder.open({ threads: 1 });
      const got = await opened.load("leaf", { version: "1.1.0" }).then((model) => model.info.source, ({ code, message }) => ({ code, message }));
      await opened.close();
      return got;
    });
  const html = site.intercept(/model\.onnx$/, ({ response }) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.write("<!doctype html>"); // in pieces, so that no length is told
    return !!response.end("<p>Welcome");
  });
  const { code, message } = await load();
  assert.equal(code, "corrupt", message);
  assert.match(message, /HTML page instead of the file/);
  html();
  const packed = gzipSync(file, { level: 1 });
  site.intercept(/model\.onnx$/, ({ response }) => {
    response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length });
    return !!response.end(packed);
  });
  assert.equal(await load(), "registry");
});

test("a download is stopped by its AbortSignal, and taken up where it was", async (t) => {
  const { site, page } = await visit(t, browser);
  const { held, dropped, restore } = await holdAfter(site, 1_400_000);
  await plain(page, site);
  await page.evaluate(async () => {
    globalThis.opened = await larder.open();
    globalThis.controller = new AbortController();
    globalThis.stored = new Promise((resolve) => {
      const onProgress = (p) => p.phase === "download" && p.loaded > 1_000_000 && resolve();
      globalThis.loading = refused(opened.load("leaf", { signal: controller.signal, onProgress }));
    });
  });
  await held;
  const code = await page.evaluate(async () => {
    await stored;
    controller.abort();
    return (await loading).code;
  });
  assert.equal(code, "aborted");
  await dropped; // the browser has really given the download up
  restore();
  site.forget();
  const label = await page.evaluate(async () => {
    const leaf = await opened.load("leaf");
    const controller = new AbortController();
    const photo = await bytes("models/leaf/2.0.0/demo/healthy.jpg");
    const stopped = refused(leaf.predict(photo, { signal: controller.signal }));
    controller.abort();
    const before = await refused(leaf.predict(photo, { signal: AbortSignal.abort() }));
    return [(await stopped).code, before.code, (await leaf.predict(photo)).label];
  });
  assert.deepEqual(label, ["aborted", "aborted", "healthy"]);
  const { bytes } = site.traffic(/model\.onnx$/);
  const whole = (await manifest(site, "leaf", "2.0.0")).files.find((f) => f.path === "model.onnx").bytes;
  // 1,000,000 bytes had arrived; the last chunk may still have been on its way through hashing and storing.
  assert.ok(bytes <= whole - 1_000_000 + 2 * 131_072 && bytes >= whole - 1_400_000, `${bytes} of ${whole} bytes: what is stored is not fetched again`);
});

test("the page shows how far a download is, and stops it", async (t) => {
  const { site, page } = await visit(t, browser);
  const { held, dropped, restore } = await holdAfter(site, 1_400_000);
  await page.goto(site.url);
  await held;
  await page.locator(".progress .figures", { hasText: /1\.\d of 4\.4 MB/ }).waitFor();
  assert.match(await page.locator(".progress .lead").innerText(), /Downloading the model/);
  const bar = await page.getByRole("progressbar").evaluate((e) => e.value / e.max);
  assert.ok(bar > 0.2 && bar < 0.4, `the bar stands at ${bar}`);
  await page.getByRole("button", { name: "Stop" }).click();
  assert.match(await problem(page, "aborted"), /The download was stopped/);
  await dropped;
  restore();
  await page.getByRole("button", { name: "Try again" }).click();
  await reached(page, "ready");
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
});

test("no room for a model is told, and helped", async (t) => {
  const { site, page } = await visit(t, browser);
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(site.url);
  await plain(page, site);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 2_000_000 });
  const refusal = await page.evaluate(async () => refused((await larder.open()).load("leaf")));
  assert.equal(refusal.code, "quota", refusal.message);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin });
  await start(page, site.url);
  assert.equal((await demo(page, "Bean rust")).headline, "Bean rust");
});
