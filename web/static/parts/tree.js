// Part of worker.js: how a message reaches the Go program. Go would ask for every field of
// it, a call each; so it is given text, and besides what no text can hold.

const MARK = "\x7f"; // JSON needs no escape for it
const MAX_NODES = 1 << 22; // a tensor of strings has one for each
const MAX_TEXT = 1 << 28;

/**
 * flatten returns JSON of a tree of plain values, and behind it whatever else is in the tree
 * (typed arrays, Blobs, NaN): in the JSON it is a mark and its index. A string that begins with
 * the mark begins with two. Larger trees and cyclic ones throw.
 */
function flatten(tree) {
  const flat = [""];
  let nodes = 0;
  flat[0] = JSON.stringify(tree, function (key, value) {
    const v = this[key]; // before toJSON
    if (++nodes > MAX_NODES) throw new RangeError("the message has too many parts");
    if (typeof v === "string" ? v[0] !== MARK : isJSON(v)) return v;
    return typeof v === "string" ? MARK + v : MARK + (flat.push(v) - 1);
  }) ?? "null";
  if (flat[0].length > MAX_TEXT) throw new RangeError("the message has too much text");
  return flat;
}

// isJSON says whether JSON has a form for v itself, whatever is in it.
function isJSON(v) {
  if (typeof v !== "object") return v === undefined || typeof v === "boolean" || Number.isFinite(v);
  if (v === null || Array.isArray(v)) return true;
  const above = Object.getPrototypeOf(v);
  return above === null || above === Object.prototype;
}
