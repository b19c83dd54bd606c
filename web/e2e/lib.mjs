// What the end-to-end tests stand on: a site that a test may change and whose
// requests it can count, and a browser that remembers everything that went wrong.
//
//   const site = await startSite({ base: "/demo/" });
//   const { context, page, problems } = await openBrowser();
//   await page.goto(site.url);
//   assert.equal(site.traffic(/\.onnx$/).requests, 1);
//   problems.none();
export { openBrowser, accessibility } from "./browser.mjs";
export { startSite } from "./site.mjs";
