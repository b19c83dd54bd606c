// The shortest way through the whole product: the page opens under a sub-path, a
// demo photo is diagnosed, and nothing complains.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibility, openBrowser, startSite } from "./lib.mjs";

for (const isolation of [true, false]) {
  test(`a demo photo is diagnosed ${isolation ? "on a host with" : "on a host without"} isolation headers`, async () => {
    const site = await startSite({ base: "/demo/", isolation });
    const browser = await openBrowser();
    try {
      const { page, problems } = browser;
      await page.goto(site.url);
      await page.getByRole("button", { name: "Bean rust", exact: true }).click();
      await page.locator("#answer").filter({ hasText: "Bean rust" }).waitFor();
      assert.deepEqual(await accessibility(page), []);
      assert.equal(site.traffic(/\.onnx$/).notModified, 0);
      assert.ok(site.traffic(/\.onnx$/).bytes > 0, "the model came over the network");
      const outside = site.requests(/^(?!assets\/|models\/|icons\/|[^/]*$)/);
      assert.deepEqual(outside, [], "requests outside of what the site is made of");
      problems.none();
    } finally {
      await browser.close();
      await site.stop();
    }
  });
}
