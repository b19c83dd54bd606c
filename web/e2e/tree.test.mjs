// How a message crosses between page and worker (the end of web/static/larder.js). The
// other side is tested in wasm/worker.
import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { root } from "./visit.mjs";

const source = await fs.readFile(path.join(root, "web/static/larder.js"), "utf8");
const end = source.slice(source.indexOf("const MARK"));
const { flatten, unflatten } = await import(`data:text/javascript,${encodeURIComponent(`${end}\nexport { flatten, unflatten };`)}`);
const bytes = new Uint8Array(2), when = new Date(0), map = new Map();

for (const [name, tree, text, ...things] of [
  ["plain values", { id: 1, list: [true, null, -0.5, "é\n"] }, '{"id":1,"list":[true,null,-0.5,"é\\n"]}'],
  ["arrays of bytes", { a: bytes, b: [bytes] }, '{"a":"\x7f1","b":["\x7f2"]}', bytes, bytes],
  ["other objects", [when, map], '["\x7f1","\x7f2"]', when, map],
  ["numbers that JSON does not have", [NaN, -Infinity, 5n], '["\x7f1","\x7f2","\x7f3"]', NaN, -Infinity, 5n],
  ["text that begins with the mark", ["\x7f1", "a\x7f"], '["\x7f\x7f1","a\x7f"]'],
  ["nothing", null, "null"],
  ["bytes alone", bytes, '"\x7f1"', bytes],
]) {
  test(`a message is flat: ${name}`, () => {
    const flat = flatten(tree);
    assert.deepEqual(flat, things.length > 0 ? [text, ...things] : text);
    assert.deepEqual(unflatten(flat), tree);
  });
}

test("what JSON leaves out or does not tell apart", () => {
  assert.equal(flatten({ none: undefined }), "{}");
  assert.equal(flatten(Object.assign(Object.create(null), { a: {} })), '{"a":{}}');
  assert.equal(flatten(undefined), "null");
});

test("a cyclic message is refused", () => {
  const a = {};
  a.a = [a];
  assert.throws(() => flatten(a), TypeError);
});
