// Crashes in a real browser: all its processes get SIGKILL in the middle of a download
// into IndexedDB. The next start has the old version whole, or the new one, or nothing,
// without a network; with one it has the new one, and little is fetched twice.
//
//   LARDER_KILLS=100 node --test web/e2e/kill.test.mjs    at random bytes, not at those of a test run
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, startSite } from "./lib.mjs";
import { database, plain } from "./visit.mjs";

const KILLS = Number(process.env.LARDER_KILLS ?? 0);
// Where the origin holds its answer, of the whole file: before the first chunk is whole, and in the middle.
const POINTS = KILLS ? Array.from({ length: KILLS }, (_, i) => (i + Math.random()) / KILLS) : [0.001, 0.5];
const MODEL = /^models\/leaf\/.*\.onnx$/;

let browser;
before(async () => void (browser = await openBrowser()));
after(() => browser?.close());

// ask loads leaf and says which version answered, or the error's code. Photos and run are left out: what is loaded was
// verified chunk by chunk, and a model of other bytes would not have its digest.
const ask = (page) =>
  page.evaluate(async () => {
    const opened = await larder.open({ threads: 1 });
    try {
      const model = await opened.load("leaf");
      return model.info.model.version;
    } catch (error) {
      return error.code;
    } finally {
      await opened.close();
    }
  });

/** expire makes what is stored look old, so that the registry is asked. */
async function expire(page) {
  for (const name of ["records", "pointers", "documents"]) {
    await database(page, name, (value) => void (value.checkedAt -= 30 * 86_400_000));
  }
}

for (const old of ["", "1.0.0"]) {
  test(`killed while leaf 2.0.0 comes over ${old || "nothing"}`, async (t) => {
    for (const point of POINTS) {
      const site = await startSite();
      t.after(() => site.stop());
      const page = await browser.context.newPage();
      await plain(page, site);
      // Without its compressed forms: a file of which no chunk is stored is asked for whole, and may come compressed.
      const file = await fs.readFile(path.join(site.dir, "models/leaf/2.0.0/model.onnx"));
      await site.write("models/leaf/2.0.0/model.onnx", file);
      const whole = file.length;
      if (old) {
        await site.edit("models/index.json", (index) => void (index.models.leaf.aliases.latest = old));
        assert.equal(await ask(page), old);
        await site.edit("models/index.json", (index) => void (index.models.leaf.aliases.latest = "2.0.0"));
        await expire(page);
      }
      // The origin holds its answer at a byte; then the browser dies.
      const at = Math.max(1, Math.floor(point * whole));
      const held = {};
      held.promise = new Promise((resolve) => (held.resolve = resolve));
      const restore = site.intercept(/2\.0\.0\/model\.onnx$/, ({ response, record }) => {
        record.status = 200;
        record.bytes = at;
        response.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.length, etag: '"held"' });
        response.write(file.subarray(0, at), () => setTimeout(held.resolve, 300 * Math.random()));
        return true;
      });
      site.forget();
      ask(page).catch(() => {}); // it will not live to answer
      await held.promise;
      browser = await browser.kill();
      restore();
      const first = site.traffic(MODEL).bytes;

      // No network: whole or nothing.
      const next = await browser.context.newPage();
      const off = site.intercept(/\/models\//, ({ response }) => {
        response.destroy();
        return true;
      });
      await next.goto(site.url + "plain.html");
      assert.equal(await ask(next), old || "offline", `killed at byte ${at}, without a network`);
      off();
      site.forget();
      assert.equal(await ask(next), "2.0.0", `killed at byte ${at}, with a network`);
      const again = site.traffic(MODEL).bytes;
      t.diagnostic(`killed after byte ${at} of ${whole} was sent: ${again} bytes were fetched afterwards`);
      assert.ok(first + again >= whole && again <= whole, `${first} and ${again} bytes for ${whole}`);
      await next.close();
    }
  });
}
