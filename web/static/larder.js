// Larder: classifiers that stay fresh in the browser, run in a worker, and work
// offline. This module is the whole public face; larder.d.ts describes it.
//
//   import { open } from "./larder.js";
//   const larder = await open();
//   const leaf = await larder.load("leaf");
//   const { label } = await leaf.predict(photo);
//
// The module holds no models: a worker does, and every method here is a message
// to it. It has no dependencies and runs in pages and in module workers.

const MAX_THREADS = 8;

// What cache.on listens to: the kinds of larder.d.ts, and all.
const KINDS = "served updated renewed checked committed stale corrupt repaired evicted released verified pinned unpinned rolled-back imported failed *".split(" ");

/** What every method throws: code says what kind of failure it is. */
export class LarderError extends Error {
  constructor(code, message, detail, options) {
    super(message, options);
    this.name = "LarderError";
    this.code = code;
    this.detail = detail ?? null;
  }
}

/** Starts a worker for the models of one registry. */
export async function open(options = {}) {
  const { models, threads, persist = true, signal } = options;
  const root = modelsURL(models);
  const wanted = threads === undefined ? defaultThreads() : checkThreads(threads);
  const channel = new Channel(wanted, root);
  try {
    const info = await channel.call("open", { models: root, threads: wanted, bell: channel.bell }, { signal });
    channel.watch(channel.stream());
    return new Larder(channel, info, persist);
  } catch (error) {
    channel.close();
    throw error;
  }
}

// modelsURL returns the absolute address of the registry's folder. By default it
// lies beside this module; a relative one is relative to the page.
function modelsURL(models) {
  try {
    const base = globalThis.document?.baseURI ?? globalThis.location.href;
    const url = models === undefined ? new URL("models/", import.meta.url) : new URL(models, base);
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    url.search = url.hash = "";
    return url.href;
  } catch (cause) {
    throw new LarderError("invalid-input", `models: ${String(models)} is not an address`, null, { cause });
  }
}

const defaultThreads = () => Math.min(Math.max(navigator.hardwareConcurrency || 1, 1), MAX_THREADS);

function checkThreads(threads) {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new LarderError("invalid-input", `threads: ${String(threads)} is not a whole number from 1 to ${MAX_THREADS}`);
  }
  return threads;
}

// How many milliseconds close waits for a worker that is busy.
const LAST_WORDS = 500;

// What tells a page that it is hidden, or about to go; a worker never hears of it.
const HIDES = ["visibilitychange", "pagehide"];

class Larder {
  #channel;
  #persist;
  #info;

  constructor(channel, info, persist) {
    this.#channel = channel;
    this.#persist = persist;
    this.#info = info;
    this.cache = new Cache(channel);
    for (const event of HIDES) addEventListener(event, this.#hidden, true);
  }

  // A page that nobody looks at may be ended without notice: what waits to be written is
  // written now. And it keeps nothing that is only there to be fast.
  #hidden = (event) => {
    if (!this.#channel.alive || event.type !== "pagehide" && !document.hidden) return;
    this.#channel.call("cache.flush", {}).catch(() => {});
    this.cache.shrink().catch(() => {});
  };

  get info() { return this.#channel.upToDate(this.#info); }

  async load(name, { version = "", profile = false, allowStale = false, signal, onProgress } = {}) {
    checkFlag("profile", profile);
    checkFlag("allowStale", allowStale);
    const query = { model: modelName(name), version: checkText("version", version), allowStale };
    const info = await this.#channel.call("load", query, { signal, onProgress, late: release });
    if (info.source === "registry" && this.#persist) askToPersist();
    return new Model(this.#channel, info, profile, query);
  }

  async fromONNX(bytes, { threads, profile = false, signal, onProgress } = {}) {
    checkFlag("profile", profile);
    const params = { bytes: ownBytes(bytes), threads: threads === undefined ? 0 : checkThreads(threads) };
    return new Model(this.#channel, await this.#channel.call("fromONNX", params, { signal, onProgress, late: release }), profile);
  }

  async index({ signal } = {}) {
    return this.#channel.call("index", {}, { signal });
  }

  async close() {
    for (const event of HIDES) removeEventListener(event, this.#hidden, true);
    await this.#channel.end();
  }
}

// What is asked again is asked by its name alone: neither copied nor read. The worker says what
// it calls an input; a Blob keeps that name, because it never changes, and bytes and pixels are
// named here, as the worker does it, if it has named some of that size.
const files = new WeakMap();
const named = new Set();
const MAX_NAMED = 1 << 20; // bytes that are hashed here

async function nameOf(input) {
  if (isA(input, "Blob")) return files.get(input);
  const pixels = isA(input, "ImageData");
  const bytes = pixels ? input.data : input;
  const size = bytes?.byteLength;
  if (!(size <= MAX_NAMED) || !named.has(size) || !globalThis.crypto?.subtle) return undefined;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes).catch(() => new ArrayBuffer(0)));
  const name = (pixels ? `i${input.width},${input.height},${input.colorSpace},` : "p") + Array.from(sum, (b) => b.toString(16).padStart(2, "0")).join("");
  return named.has(name) ? name : undefined;
}

function remember(input, name) {
  if (isA(input, "Blob")) return void files.set(input, name);
  if (named.size > 1000) named.clear();
  named.add(name).add((input.data ?? input).byteLength);
}

class Model {
  #channel;
  #held; // {handle, calls, retired}; null when disposed
  #info;
  #watched; // whether each run is measured
  #profile = null; // of the last one
  #query; // what was loaded; undefined for bare ONNX

  constructor(channel, { handle, ...info }, watched, query) {
    this.#channel = channel;
    this.#held = { handle, calls: 0 };
    this.#info = info;
    this.#watched = watched;
    this.#query = query;
    if (query) channel.live.set(this, query.model);
  }

  /** Changes to the version that answers now, and says whether it did. Calls under way finish on the one before. For this module only. */
  async renew(name) {
    if (this.#query?.model !== name) return false;
    const { handle, ...info } = await this.#channel.call("load", this.#query, { late: release });
    const old = this.#held;
    if (!old || info.model.digest === this.#info.model.digest) {
      release(this.#channel, { handle });
      return false;
    }
    this.#held = { handle, calls: 0 };
    this.#info = info;
    this.#retire(old);
    return true;
  }

  #retire(held) {
    held.retired = true;
    if (held.calls === 0) release(this.#channel, held);
  }

  get info() { return this.#channel.upToDate(this.#info); }
  get inputs() { return this.info.inputs; }
  get outputs() { return this.info.outputs; }
  get profile() { return this.#profile; }

  async predict(input, { signal, memo = true } = {}) {
    checkFlag("memo", memo);
    const again = memo && !this.#watched && (await nameOf(input));
    const known = again ? await this.#call("predict", { known: again }, { signal }) : null;
    const { profile, known: name, ...prediction } = known ?? (await this.#ask(input, memo, signal));
    if (name) remember(input, name);
    this.#profile = profile;
    return prediction;
  }

  async #ask(input, memo, signal) {
    const { value, transfer } = await question(input);
    return this.#call("predict", { input: value, profile: this.#watched, fresh: !memo }, { signal, transfer });
  }

  async preprocess(input, { signal } = {}) {
    const { value, transfer } = await question(input);
    return this.#call("preprocess", { input: value }, { signal, transfer });
  }

  async run(inputs, { signal, transfer = false } = {}) {
    const { tensors, buffers } = pack(inputs, transfer, this.inputs);
    const { outputs, profile } = await this.#call("run", { inputs: tensors, profile: this.#watched }, { signal, transfer: buffers });
    this.#profile = profile;
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, unpack(value)]));
  }

  async dispose() {
    if (!this.#held) return;
    const { handle } = this.#held;
    this.#held = null;
    this.#channel.live.delete(this);
    // With the worker gone, so is the model: there is nothing left to dispose.
    if (this.#channel.alive) await this.#channel.call("dispose", { handle });
  }

  async #call(method, params, options) {
    const held = this.#held;
    if (!held) throw new LarderError("closed", `${method}: the model was disposed`);
    held.calls++;
    try {
      return await this.#channel.call(method, { handle: held.handle, ...params }, options);
    } finally {
      if (--held.calls === 0 && held.retired) release(this.#channel, held);
    }
  }
}

class Cache {
  #channel;

  constructor(channel) {
    this.#channel = channel;
  }

  async list({ signal } = {}) {
    return (await this.#channel.call("cache.list", {}, { signal })).entries;
  }

  async refresh(name, { signal, onProgress } = {}) {
    return (await this.#channel.call("cache.refresh", { model: modelName(name) }, { signal, onProgress })).entries;
  }

  async evict(name, { signal } = {}) {
    await this.#channel.call("cache.evict", { model: modelName(name) }, { signal });
  }

  async prefetch(name, { version = "", signal, onProgress } = {}) {
    await this.#channel.call("cache.prefetch", { model: modelName(name), version: checkText("version", version) }, { signal, onProgress });
  }

  pin(name, options) { return this.#pin(name, true, options); }
  unpin(name, options) { return this.#pin(name, false, options); }

  async #pin(name, pinned, { version = "", signal } = {}) {
    await this.#channel.call("cache.pin", { model: modelName(name), version: checkText("version", version), pinned }, { signal });
  }

  async rollback(name, { signal } = {}) {
    await this.#channel.call("cache.rollback", { model: modelName(name) }, { signal });
  }

  async export(name, { version = "", signal, onProgress } = {}) {
    const made = await this.#channel.call("cache.export", { model: modelName(name), version: checkText("version", version) }, { signal, onProgress });
    return new File([made.file], made.name, { type: "application/octet-stream" });
  }

  async import(file, { signal, onProgress } = {}) {
    return (await this.#channel.call("cache.import", { file }, { signal, onProgress })).entries;
  }

  async verify(name, { signal, onProgress } = {}) {
    return this.#channel.call("cache.verify", { model: modelName(name) }, { signal, onProgress });
  }

  // Only a page can ask the browser; a worker is told what a page was.
  async persist() {
    const { storage } = navigator;
    return (await (globalThis.document ? storage?.persist?.() : storage?.persisted?.())?.catch(() => false)) ?? false;
  }

  async shrink(part = 1, { signal } = {}) {
    return (await this.#channel.call("cache.shrink", { part }, { signal })).bytes;
  }

  async stats({ signal } = {}) {
    const [stats, estimate, persisted] = await Promise.all([
      this.#channel.call("cache.stats", {}, { signal }),
      navigator.storage?.estimate?.().catch(() => null),
      navigator.storage?.persisted?.().catch(() => null),
    ]);
    return { ...stats, usage: estimate?.usage ?? null, quota: estimate?.quota ?? null, persisted: persisted ?? null };
  }

  on(event, listener) {
    return this.#channel.on(event, listener);
  }
}

if (Symbol.asyncDispose) {
  Larder.prototype[Symbol.asyncDispose] = Larder.prototype.close;
  Model.prototype[Symbol.asyncDispose] = Model.prototype.dispose;
}

// A Channel is one worker and the requests that wait for its answers.
class Channel {
  #worker;
  #waiting = new Map(); // id → {resolve, reject, onProgress, late}
  #listeners = new Map(); // kind of cache event → set of functions
  #last = 0;
  #failure = null; // why the worker no longer answers
  #threads = null; // of every model, when they have died
  #unwatch = null; // ends the subscription to the host's changes; null without one
  #changing = Promise.resolve(); // one change after the other, so that the last one stays
  #root;

  /** The models that change to a new version when the host says that there is one, with their names. */
  live = new Map();

  /** Rings in the worker when something is cancelled: it may be computing, and not looking at messages. */
  bell = globalThis.crossOriginIsolated && typeof SharedArrayBuffer === "function" ? new Int32Array(new SharedArrayBuffer(4)) : null;

  constructor(threads, root) {
    this.#root = root;
    const url = new URL("assets/worker.js", import.meta.url);
    try {
      this.#worker = new Worker(url, { type: "module", name: `larder ${threads}` });
    } catch (cause) {
      throw new LarderError("internal", `the worker cannot be started from ${url}: ${cause.message}`, null, { cause });
    }
    this.#worker.onmessage = ({ data }) => this.#receive(unflatten(data));
    this.#worker.onmessageerror = () => this.#fail(new LarderError("internal", "the worker sent what this browser cannot read"));
    this.#worker.onerror = (event) => {
      event.preventDefault?.();
      const code = event.message ? "internal" : navigator.onLine === false ? "offline" : "not-found";
      this.#fail(new LarderError(code, event.message ? `the worker broke: ${event.message}` : `the worker cannot be loaded from ${url}`));
    };
    this.#handOver();
  }

  // handOver compiles the worker's program while the worker's script is on its way. What goes
  // wrong here the worker tries again, and it says why it fails: then it is handed null.
  async #handOver() {
    try {
      const program = await WebAssembly.compileStreaming(fetch(new URL("assets/worker.wasm", import.meta.url)));
      this.#worker.postMessage({ program });
    } catch {
      this.#worker.postMessage({ program: null });
    }
  }

  get alive() { return this.#failure === null; }

  // call sends a request and waits for its answer. A caller that aborts is told at
  // once; late cleans up after a result that nobody waits for any more.
  call(method, params = {}, { signal, onProgress, transfer = [], late } = {}) {
    if (this.#failure) return Promise.reject(this.#failure);
    if (signal?.aborted) return Promise.reject(aborted(signal));
    const id = ++this.#last;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, onProgress }));
    try {
      this.#worker.postMessage(flatten({ id, method, params }), transfer);
    } catch (cause) {
      this.#waiting.delete(id);
      return Promise.reject(new LarderError("invalid-input", `${method}: a parameter cannot be sent to the worker: ${cause.message}`, null, { cause }));
    }
    return abortable(signal, answer, () => {
      const call = this.#waiting.get(id);
      if (call) {
        call.onProgress = undefined;
        this.#worker.postMessage(flatten({ id, method: "cancel" }));
        if (this.bell) Atomics.add(this.bell, 0, 1);
      }
      if (late) answer.then((result) => late(this, result), () => {});
    });
  }

  on(event, listener) {
    if (typeof listener !== "function") throw new LarderError("invalid-input", "on: the listener is not a function");
    if (!KINDS.includes(event)) throw new LarderError("invalid-input", `on: there is no event ${JSON.stringify(event)}, only ${KINDS.join(", ")}`);
    if (this.#listeners.size === 0) this.call("cache.listen").catch(() => {}); // who is closed hears nothing
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set.add(listener));
    return () => { set.delete(listener); };
  }

  // upToDate returns what is known about a model or the worker, with what has changed since.
  upToDate(info) {
    return Object.freeze(this.#threads && info.threads > this.#threads.threads ? { ...info, ...this.#threads } : info);
  }

  close() {
    this.#fail(new LarderError("closed", "larder was closed"));
  }

  // end is close for a worker that may write first what waits to be written, unless it is too busy for that.
  async end() {
    const written = this.call("cache.flush", {}).catch(() => {});
    this.#fail(new LarderError("closed", "larder was closed"), this.#last);
    await Promise.race([written, new Promise((resolve) => setTimeout(resolve, LAST_WORDS))]);
    this.#worker.terminate();
  }

  #receive(message) {
    if (message.failed) return this.#fail(new LarderError(message.failed.code, message.failed.message));
    if (message.event === "push") return void this.watch(message.data.url);
    if (message.event === "threads") return void (this.#threads = message.data);
    if (message.event) return this.#emit(message.data);
    const call = this.#waiting.get(message.id);
    if (!call) return;
    if (message.progress) return guarded(call.onProgress, message.progress);
    this.#waiting.delete(message.id);
    if (message.ok) call.resolve(message.result);
    else call.reject(new LarderError(message.error.code, message.error.message, message.error.detail));
  }

  #emit(event) {
    for (const kind of [event.kind, "*"]) {
      for (const listener of this.#listeners.get(kind) ?? []) guarded(listener, event);
    }
  }

  // watch listens to a host that tells when models change, such as `larder serve`. A
  // plain static host says nothing of the kind, and then nothing of this is loaded.
  async watch(url) {
    if (!url || this.#unwatch) return;
    this.#unwatch = () => {};
    const { watch } = await import(new URL("assets/watch.js", import.meta.url)).catch(() => ({}));
    if (!watch || this.#failure) return;
    this.stream(url);
    const changed = (name) => void (this.#changing = this.#changing.then(() => this.#changed(name)));
    this.#unwatch = watch(url, changed, () => this.stream(""));
  }

  // stream remembers the address for visits that ask nothing of the host, "" for none, or returns it.
  stream(url) {
    const key = `larder.events ${this.#root}`;
    try {
      if (url === undefined) return localStorage.getItem(key);
      if (url) localStorage.setItem(key, url);
      else localStorage.removeItem(key);
    } catch {
      // No storage, as in a worker: the host says it again with the index.
    }
  }

  // changed brings what is stored and loaded of a model up to date, or of all that are loaded (""), because nobody
  // knows what has changed. What fails keeps the version before; the event `failed` or the next load tells why.
  async #changed(name) {
    for (const one of name ? [name] : new Set(this.live.values())) {
      // Not refresh: what the user pinned or rolled back stays.
      const { entries } = await this.call("cache.renew", { model: one }).catch(() => ({ entries: [] }));
      const changes = await Promise.allSettled([...this.live.keys()].map((model) => model.renew(one)));
      if (entries.length === 0 && !changes.some((change) => change.value)) continue;
      this.#emit({ kind: "renewed", time: new Date().toISOString(), name: one, version: null, bytes: 0, code: null, message: null, elsewhere: false });
    }
  }

  // fail ends the worker and answers everybody who waits. Only the first counts. One request may still be answered: then
  // the worker lives on.
  #fail(error, last) {
    if (this.#failure) return;
    this.#failure = error;
    this.#unwatch?.();
    for (const [id, call] of this.#waiting) {
      if (id === last) continue;
      this.#waiting.delete(id);
      call.reject(error);
    }
    if (last === undefined) this.#worker.terminate();
  }
}

// release disposes a model that was loaded for somebody who had aborted.
function release(channel, info) {
  if (channel.alive) channel.call("dispose", { handle: info.handle }).catch(() => {});
}

// guarded calls a function of the page's, whose exceptions are the page's own.
function guarded(listener, value) {
  try {
    listener?.(value);
  } catch (error) {
    reportError(error);
  }
}

const aborted = (signal) => new LarderError("aborted", "the request was aborted", null, { cause: signal.reason });

// abortable settles like promise, or fails as soon as signal aborts.
function abortable(signal, promise, onAbort) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => {
      onAbort?.();
      reject(aborted(signal));
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

// askToPersist asks the browser not to clear the models when room gets short. Only
// a page can ask; a refusal changes nothing, cache.stats() tells.
function askToPersist() {
  if (globalThis.document) navigator.storage?.persist?.().catch(() => {});
}

function checkFlag(what, value) {
  if (typeof value !== "boolean") throw new LarderError("invalid-input", `${what}: ${String(value)} is not a boolean`);
}

// modelName lets a model be named as in the registry, or by the address of an ONNX
// file, which is relative to the page.
function modelName(name) {
  if (!/[/:]/.test(checkText("name", name))) return name;
  try {
    const url = new URL(name, globalThis.document?.baseURI ?? globalThis.location.href);
    url.hash = "";
    return url.href;
  } catch (cause) {
    throw new LarderError("invalid-input", `name: ${name} is neither a name nor an address`, null, { cause });
  }
}

function checkText(what, value) {
  if (typeof value !== "string") throw new LarderError("invalid-input", `${what}: ${String(value)} is not a string`);
  return value;
}

const isA = (value, name) => typeof globalThis[name] === "function" && value instanceof globalThis[name];

// question turns what a model is asked about into what can be sent: a text, a pair
// of texts, a row of a table, or a picture.
async function question(input) {
  if (typeof input === "string") return { value: checkLength("the text", input) };
  if (input === null || typeof input !== "object" || ![Object.prototype, null].includes(Object.getPrototypeOf(input))) return picture(input);
  for (const [name, value] of Object.entries(input)) {
    if (typeof value === "string") checkLength(`"${name}"`, value);
    else if (typeof value !== "number") throw new LarderError("invalid-input", `"${name}" is neither a text nor a number`);
  }
  return { value: input };
}

const MAX_TEXT = 2 ** 18;

function checkLength(what, text) {
  if (text.length > MAX_TEXT) throw new LarderError("invalid-input", `${what} has ${text.length} characters, at most ${MAX_TEXT} are allowed`);
  return text;
}

// picture turns what a caller has into what can be sent. Elements of a page become
// bitmaps, in the values that are stored: no colour management, no premultiplied alpha.
async function picture(input) {
  if (isA(input, "Blob") || isA(input, "ImageData") || isA(input, "ImageBitmap") || isA(input, "VideoFrame")) return { value: input };
  if (input instanceof ArrayBuffer || ArrayBuffer.isView(input)) return { value: ownBytes(input) };
  const elements = ["HTMLImageElement", "HTMLCanvasElement", "HTMLVideoElement", "OffscreenCanvas", "SVGImageElement"];
  if (!elements.some((name) => isA(input, name))) {
    throw new LarderError("unsupported-input", "the input is no picture, text or row of numbers: give a string, an object, a Blob, File, ArrayBuffer, ImageData, ImageBitmap, image, canvas or video");
  }
  try {
    if (isA(input, "HTMLImageElement")) await input.decode();
    const bitmap = await createImageBitmap(input, { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" });
    return { value: bitmap, transfer: [bitmap] };
  } catch (cause) {
    throw new LarderError("invalid-input", `the ${input.constructor.name} has no picture that can be read: ${cause.message}`, null, { cause });
  }
}

// ownBytes returns bytes as they can be sent. A view of a part is copied here,
// because a message would copy its whole buffer.
function ownBytes(bytes) {
  if (bytes instanceof ArrayBuffer || isA(bytes, "Blob")) return bytes;
  if (ArrayBuffer.isView(bytes)) return part(bytes);
  throw new LarderError("invalid-input", "the bytes are no ArrayBuffer, typed array or Blob");
}

function part(view) {
  if (view.byteLength === view.buffer.byteLength) return view;
  return isA(view, "DataView") ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view.slice();
}

// pack takes named values apart into what can be sent. With transfer the arrays'
// buffers are given away, each once. Sequences, empty optionals and maps have items.
function pack(inputs, transfer, ports) {
  if (inputs === null || typeof inputs !== "object") throw new LarderError("invalid-input", "the inputs are no object of tensors by name");
  const tensors = {};
  const buffers = new Set();
  for (const [name, value] of Object.entries(inputs)) {
    const type = ports.find((port) => port.name === name)?.type ?? "";
    tensors[name] = packValue(value, { name, type, transfer, buffers, depth: 0 });
  }
  return { tensors, buffers: [...buffers] };
}

function packValue(value, at) {
  if (value === null) return { type: "optional", items: [] };
  if (Array.isArray(value) && at.depth < 4) return { type: "sequence", items: value.map((item) => packValue(item, { ...at, depth: at.depth + 1 })) };
  if (isA(value, "Map")) return packMap(value, at);
  if (typeof value !== "object" || Array.isArray(value)) throw new LarderError("invalid-input", `input "${at.name}" is no tensor {dims, type, data}`);
  let { dims, type, data } = value;
  if (ArrayBuffer.isView(data)) {
    // A message would copy the array twice, at both ends; a copy that is given away
    // is the only one.
    const view = isA(data, "DataView");
    if (!at.transfer) data = view ? part(data) : data.slice();
    if (data.buffer instanceof ArrayBuffer && (at.transfer || !view)) at.buffers.add(data.buffer);
  }
  const tensor = { dims: Array.from(dims ?? [], Number), type, data };
  if (dims === undefined || dims === null) delete tensor.dims;
  return tensor;
}

// packMap makes vectors of the keys and values, of the types that the port says;
// where it says nothing, numbers become float32.
function packMap(map, { name, type }) {
  const [, key, value] = /map\((\w+), (\w+)\)/.exec(type) ?? [];
  const all = (list, kind) => list.every((v) => typeof v === kind);
  const vector = (list, wanted) => {
    const kind = wanted ?? (all(list, "string") ? "string" : all(list, "bigint") ? "int64" : "float32");
    try {
      const data = {
        string: () => (all(list, "string") ? list : undefined),
        int64: () => BigInt64Array.from(list, BigInt),
        float32: () => Float32Array.from(list, Number),
        float64: () => Float64Array.from(list, Number),
      }[kind]?.();
      if (data) return { dims: [list.length], type: kind, data };
    } catch {
      // A key that is no whole number, and the like.
    }
    throw new LarderError("invalid-input", `input "${name}" is a Map whose entries are not ${kind}`);
  };
  const keys = [...map.keys()];
  return { type: "map", items: [vector(keys, key ?? (all(keys, "string") ? "string" : "int64")), vector([...map.values()], value)] };
}

// unpack is the reverse of pack: arrays, null for an empty optional, and Map.
function unpack(value) {
  const items = value.items?.map(unpack);
  switch (value.type) {
    case "sequence":
      return items;
    case "optional":
      return items[0] ?? null;
    case "map":
      return new Map(Array.from(items[0].data, (key, i) => [whole(key), items[1].data[i]]));
  }
  return value;
}

// whole makes a number of a bigint that is one: keys are looked up by what people write.
function whole(key) {
  return typeof key === "bigint" && BigInt.asIntN(53, key) === key ? Number(key) : key;
}

// A message is text, because Go would ask for every field of an object, a call each, and
// because the browser copies a string faster than a tree.

const MARK = "\x7f"; // JSON needs no escape for it
const MAX_NODES = 1 << 22; // a tensor of strings has one for each
const MAX_MESSAGE = 1 << 28; // characters

// flatten returns JSON of a tree of plain values; if there is more in the tree (typed arrays,
// Blobs, NaN), a list of that JSON and those: in the JSON one is a mark and its index. A string
// that begins with the mark begins with two. Larger trees and cyclic ones throw.
function flatten(tree) {
  const flat = [""];
  let nodes = 0;
  flat[0] = JSON.stringify(tree, function (key, value) {
    const v = this[key]; // before toJSON
    if (++nodes > MAX_NODES) throw new RangeError("the message has too many parts");
    if (typeof v === "string" ? v[0] !== MARK : isJSON(v)) return v;
    return typeof v === "string" ? MARK + v : MARK + (flat.push(v) - 1);
  }) ?? "null";
  if (flat[0].length > MAX_MESSAGE) throw new RangeError("the message has too much text");
  return flat.length > 1 ? flat : flat[0];
}

// unflatten is the reverse.
function unflatten(flat) {
  const list = typeof flat === "string" ? [flat] : flat;
  const read = (key, value) => (typeof value !== "string" || value[0] !== MARK ? value : value[1] === MARK ? value.slice(1) : list[value.slice(1)]);
  return JSON.parse(list[0], list[0].includes(MARK) ? read : undefined);
}

// isJSON says whether JSON has a form for v itself, whatever is in it.
function isJSON(v) {
  if (typeof v !== "object") return v === undefined || typeof v === "boolean" || Number.isFinite(v);
  if (v === null || Array.isArray(v)) return true;
  const above = Object.getPrototypeOf(v);
  return above === null || above === Object.prototype;
}
