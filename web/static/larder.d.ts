// Larder: classifiers that stay fresh in the browser.
//
//   import { open } from "./larder.js";
//   const larder = await open();
//   const leaf = await larder.load("leaf", { version: "^2" });
//   const { label, classes, unknown } = await leaf.predict(photo);
//   await leaf.dispose();
//
// Models run in a Web Worker; nothing that is given to predict or run leaves the
// device. Every method rejects with a LarderError, whose code a program can act on.

declare global {
  // For compilers whose library does not have it yet. A browser without it has
  // models without it: call dispose and close there.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** Starts a worker for the models of one registry. Each call starts its own. */
export function open(options?: OpenOptions): Promise<Larder>;

export interface OpenOptions {
  /**
   * The folder that holds `index.json`, as an address relative to the page (in a
   * worker: to its script). Default: `models/` beside larder.js. What is stored of one
   * registry is not seen by another one of the same origin.
   */
  models?: string | URL;
  /**
   * How many threads a model may use, 1 to 8. Default: the number of cores, at most 8.
   *
   * More than one needs a page that is cross-origin isolated. `info.threads` is the
   * number in use, and `info.threadsReason` says why it is not the one asked for.
   */
  threads?: number;
  /**
   * Whether to ask the browser, after the first download, not to clear the models
   * when room gets short. Some browsers ask the person. Only a page can ask, a worker
   * cannot. Default: true. `cache.stats()` tells the outcome as `persisted`.
   */
  persist?: boolean;
  /** Aborting it stops the start. */
  signal?: AbortSignal;
}

export interface CallOptions {
  /**
   * Aborting it rejects at once with the code `aborted`, and stops the work: a
   * computation at its next pause, some ten milliseconds later. Without cross-origin
   * isolation the worker notices only every 30 ms or so.
   */
  signal?: AbortSignal;
}

export interface ProgressOptions extends CallOptions {
  /** Called as the work goes on, never after the promise has settled. */
  onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /**
   * `download`: bytes come from the registry; `verify`: stored bytes are read and
   * checked; `prepare`: the model is made ready to run.
   */
  phase: "download" | "verify" | "prepare";
  /** Bytes done. It never falls within a phase. */
  loaded: number;
  /** Bytes in all; 0 if not known. */
  total: number;
  /** The file in work; empty for a model from bytes. */
  file: string;
}

export interface Larder {
  readonly info: LarderInfo;
  readonly cache: Cache;

  /**
   * Loads a model: from memory, else from the browser's storage, else from the
   * registry. What is stored and fresh costs no request. What has expired a short while
   * ago (the package's stale-while-revalidate) serves at once, as `revalidating`, while the
   * registry is asked; the event `updated` tells of a newer version. Later it is checked
   * with the registry first; if that does not answer, the stored version serves and
   * `info.model.freshness` is `stale`, until the package's stale-if-error ends: then the
   * code is `expired`.
   *
   * A model changes to a newer version by itself where the host tells when models change
   * (`larder serve` on this machine does): calls under way finish on the version before, and
   * the event `renewed` follows.
   *
   * A name with a slash or colon is the address of an ONNX file that has no manifest
   * ("./model.onnx", "https://example.org/model.onnx"): it is kept, verified and rolled
   * back as any model, its versions are counted 0.0.1, 0.0.2 …, and it is revalidated by
   * its ETag once a day. It has no labels, so use `run`; the host must allow CORS.
   *
   * Loading a version twice gives two models that share one copy; dispose both.
   *
   * Codes: `not-found`, `offline` (and nothing is stored), `expired`, `corrupt`, `quota`,
   * `invalid-model`, `unsupported-operator`, `invalid-input`, `aborted`, `closed`.
   */
  load(name: string, options?: LoadOptions): Promise<Model>;

  /**
   * Loads any ONNX file. It has no labels, so `predict` and `preprocess` are refused;
   * use `run`. The bytes are copied.
   *
   * Codes: `invalid-model`, `unsupported-operator`, `invalid-input`, `aborted`, `closed`.
   */
  fromONNX(bytes: ArrayBuffer | ArrayBufferView | Blob, options?: ONNXOptions): Promise<Model>;

  /** What the registry offers. */
  index(options?: CallOptions): Promise<Index>;

  /**
   * Ends the worker. Everything that waits is rejected with the code `closed`. The promise is kept when the hits so far
   * are written down, or could not be within half a second; await it before you leave the page.
   */
  close(): Promise<void>;
  /** The same as close, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LarderInfo {
  /** The version of Larder. */
  readonly version: string;
  /** `memory`: this browser gives no IndexedDB (a private window, blocked storage). Models are lost with the worker. */
  readonly storage: "indexeddb" | "memory";
  /** Why models are kept in memory only. */
  readonly storageReason: string | null;
  /** The threads that run a model. It becomes 1 should a thread die; the run at hand then fails with `internal`. */
  readonly threads: number;
  /** Why not as many as asked for. */
  readonly threadsReason: string | null;
  readonly engine: EngineName;
}

/** What computes: kernels with relaxed SIMD, or with SIMD; plain Go in a browser that has neither. */
export type EngineName = "relaxed" | "simd" | "reference";

export interface LoadOptions extends ProgressOptions {
  /** An exact version (`2.0.0`), a range (`^2`, `~2.1`, `2`), or an alias. Default: `latest`. */
  version?: string;
  /** Measure every step of each run; see {@link Model.profile}. Default: false. */
  profile?: boolean;
  /** Take a stored version that is older than its package allows when the registry gives no answer. Default: false. */
  allowStale?: boolean;
}

export interface ONNXOptions extends ProgressOptions {
  /** As in OpenOptions. Default: what was given to open. */
  threads?: number;
  /** Measure every step of each run; see {@link Model.profile}. Default: false. */
  profile?: boolean;
}

/**
 * What a model is asked about: a picture, a text, a pair of texts for a model that
 * compares two, or a number for each column of a table.
 */
export type Question = Picture | string | { text: string; pair?: string } | Record<string, number>;

/** Whatever shows a picture. Elements must not come from another site without CORS. */
export type Picture =
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ImageData
  | ImageBitmap
  | VideoFrame
  | HTMLImageElement
  | HTMLCanvasElement
  | HTMLVideoElement
  | OffscreenCanvas;

export interface Model {
  readonly info: ModelInfo;
  /** What `run` takes. */
  readonly inputs: readonly Port[];
  /** What `run` returns. */
  readonly outputs: readonly Port[];
  /**
   * Where the time of the last `run` or `predict` went, for a model that was loaded with `profile: true`; null before
   * the first one, and without that option. `console.log(model.profile.table)` shows it.
   */
  readonly profile: Profile | null;

  /**
   * Says what a picture, a text or a row of a table is; the model's manifest says
   * which of them it takes. A picture's EXIF orientation is applied, its colours are
   * taken as stored, and it stays the caller's.
   *
   * Whoever asks the same again within five minutes gets the same answer, and nothing is
   * computed: `source` is `memo`; the same Blob is not even read again. Bitmaps, elements
   * of a page and video frames are computed each time. Bytes and pixels are read after the
   * call has returned: do not change them before the answer is there.
   *
   * Codes: `invalid-input` (empty, cut short, damaged, a field that lacks),
   * `unsupported-input` (an input of another kind than the model takes, a format this
   * browser does not read, more than 33.5 megapixels, a model without labels),
   * `aborted`, `closed`.
   */
  predict(input: Question, options?: PredictOptions): Promise<Prediction>;

  /** Prepares an input as `predict` does and returns the tensors that `run` takes. */
  preprocess(input: Question, options?: CallOptions): Promise<Tensors>;

  /**
   * Computes all outputs from named tensors. The arrays are copied unless `transfer`
   * is true: then their buffers are given away, and the arrays are empty afterwards.
   *
   * Outputs that are no tensors come as the other kinds of Value; name them in the
   * type argument: `run<{ label: Tensor; probabilities: Map<string, number>[] }>(…)`.
   *
   * Codes: `invalid-input`, `aborted`, `closed`.
   */
  run<Outputs extends Values = Tensors>(inputs: Values, options?: RunOptions): Promise<Outputs>;

  /** Gives the memory back. Disposing twice is no error; any other use is one, with the code `closed`. */
  dispose(): Promise<void>;
  /** The same as dispose, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PredictOptions extends CallOptions {
  /** Take the answer that was given to the same question before, and remember this one. Default: true. */
  memo?: boolean;
}

export interface RunOptions extends CallOptions {
  /** Give the arrays' buffers away instead of copying them. Default: false. */
  transfer?: boolean;
}

export interface ModelInfo {
  readonly model: Version;
  /** The title for people; empty for a model from bytes. */
  readonly title: string;
  /** Such as `image-classification`. */
  readonly task: string | null;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The classes that `predict` knows; empty if the model has none. */
  readonly labels: readonly Label[];
  /** The probability below which `predict` says unknown; 0 for never. */
  readonly unknownThreshold: number;
  /** Where the model came from. */
  readonly source: "memory" | "store" | "registry" | "bytes";
  /** Bytes of the model's files. */
  readonly bytes: number;
  readonly threads: number;
  readonly threadsReason: string | null;
  readonly engine: EngineName;
  /** The manifest as JSON text, with licence, metrics and demos; null for a model from bytes. */
  readonly manifest: string | null;
}

export interface Label {
  readonly id: string;
  readonly display: string;
}

export interface Port {
  readonly name: string;
  /**
   * The element type; of a value that is no tensor a text such as
   * `sequence(map(int64, float32))`; null if the model does not say.
   */
  readonly type: ElementType | `${"sequence" | "optional" | "map"}${string}` | null;
  /** Sizes; a name or null for one that varies. Null if not even their number is known. */
  readonly dims: readonly (number | string | null)[] | null;
  /** Whether the model has a default for it. */
  readonly optional: boolean;
}

/** Which version answers, and how old it is. Times are ISO 8601 in UTC. */
export interface Version {
  /** Empty for a model from bytes. */
  readonly name: string;
  readonly version: string;
  /**
   * SHA-256 of the manifest, or of the bytes given to fromONNX, in hex; empty for a
   * Blob of more than 4 MiB, which is read piece by piece.
   */
  readonly digest: string;
  /** When this version was made. */
  readonly created: string | null;
  /** Seconds since `created`, by this device's clock; never negative. 0 for a model from bytes. */
  readonly ageSeconds: number;
  /**
   * `fresh`: the registry confirmed it within its time to live. `revalidating`: that time is
   * over, and the registry is asked while it serves. `stale`: nobody has confirmed it
   * since. `expired`: it is older than its package allows. `unknown`: a model from bytes.
   */
  readonly freshness: "fresh" | "revalidating" | "stale" | "expired" | "unknown";
  /** When the registry last confirmed it. */
  readonly checkedAt: string | null;
  /** From when on the next load asks the registry again. */
  readonly nextRefresh: string | null;
}

export interface Prediction {
  /** All classes, the most probable first. */
  classes: { label: string; display: string; probability: number }[];
  /** The label of the most probable class, also if `unknown`. */
  label: string;
  /** Whether even that class is not believed: the picture probably shows something else. */
  unknown: boolean;
  /** `model`: it was computed. `memo`: the same was asked a little while ago. */
  source: "model" | "memo";
  model: Version;
  /**
   * Milliseconds. `total` is from the request's arrival in the worker to the answer, so it includes waiting for others.
   * Of an answer from the memo, `decode` is how long it took to recognise the input, and nothing else took any time.
   */
  timing: { decode: number; preprocess: number; infer: number; postprocess: number; total: number };
}

/**
 * Where the time of one run went. Every step runs on its own while it is measured, so their sum is somewhat more than
 * a run takes without. The browser's clock ticks every 5 µs on a cross-origin isolated page, every 100 µs elsewhere:
 * there, believe only the longer steps.
 */
export interface Profile {
  /** In the order in which they ran. */
  steps: ProfileStep[];
  /** Milliseconds: the sum of all steps. */
  total: number;
  /** All of it as text: a line for each step, and the sum. */
  table: string;
}

export interface ProfileStep {
  /** The number of the step, from 0. */
  step: number;
  /** The node of the model's graph, such as `graph.node[3]("conv1")`; null for what belongs to no node. */
  node: string | null;
  /** Its operator. Those of `larder.` were joined from several: a convolution with its activation, say. */
  op: string | null;
  /** What ran: a kernel, `put` or `fetch` for what is carried over to the kernels and back, or the operator if `host`. */
  kernel: string;
  /** Whether it ran as plain Go, because there is no kernel for it: such steps are slow, and on one thread. */
  host: boolean;
  /** The name of what it makes. */
  value: string;
  ms: number;
  /** 10⁹ operations a second, those of the direct algorithm; 0 where none are counted. */
  gflops: number;
  /** Of the sum of all steps, 0 to 1. */
  share: number;
}

/**
 * What goes into a model and comes out: a tensor; an array for a sequence; null for an
 * optional that is empty; a Map. Keys of int64 come out as numbers (as bigint beyond
 * 2^53), values of int64 as bigint.
 */
export type Value = Tensor | Value[] | Map<string | number | bigint, string | number | bigint> | null;

/** Named values. */
export type Values = Record<string, Value>;

/** Named tensors. */
export type Tensors = Record<string, Tensor>;

/** A dense array in row-major order. The array's class follows from the type. */
export type Tensor = {
  [T in ElementType]: { dims: number[]; type: T; data: TensorData[T] };
}[ElementType];

/** ONNX's element types, and the array of each. */
export interface TensorData {
  float32: Float32Array;
  float64: Float64Array;
  /** The bits of each number. */
  float16: Uint16Array;
  /** The bits of each number. */
  bfloat16: Uint16Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  /** 0 is false, everything else true. */
  bool: Uint8Array;
  string: string[];
  /** The bits of each number, also of the other types of eight bits and of float4. */
  float8e4m3fn: Uint8Array;
  float8e4m3fnuz: Uint8Array;
  float8e5m2: Uint8Array;
  float8e5m2fnuz: Uint8Array;
  float8e8m0: Uint8Array;
  float4e2m1: Uint8Array;
  /** One number a byte, as for the other integers of 2 and 4 bits. */
  int4: Int8Array;
  uint4: Uint8Array;
  int2: Int8Array;
  uint2: Uint8Array;
  /** Pairs: real part, imaginary part. */
  complex64: Float32Array;
  /** Pairs: real part, imaginary part. */
  complex128: Float64Array;
}

export type ElementType = keyof TensorData;

export interface Index {
  /** The model to show first. */
  default: string | null;
  /** Whether the registry did not answer and this is the index as stored. */
  stale: boolean;
  /** Ordered by name; versions from old to new. */
  models: { name: string; title: string; task: string; versions: string[]; aliases: Record<string, string> }[];
}

/** What is stored on this device. */
export interface Cache {
  /** All stored versions, by name, the newest version of each first. */
  list(options?: CallOptions): Promise<CacheEntry[]>;
  /**
   * Asks the registry now for what is stored of a model, fresh or not, and downloads
   * what is new. A model that is loaded keeps its version; load it again for the new one.
   * An exact version that the registry no longer has stays, and is no failure unless it is all there is.
   */
  refresh(name: string, options?: ProgressOptions): Promise<CacheEntry[]>;
  /** Downloads a model, or brings it up to date, without preparing it. */
  prefetch(name: string, options?: PrefetchOptions): Promise<void>;
  /**
   * Keeps a version from being removed to make room for others or for newer ones, and
   * as it is: where it is the answer, the registry is not asked for a newer one until
   * `unpin` or `refresh`. By default the one that answers to the bare name.
   */
  pin(name: string, options?: VersionOptions): Promise<void>;
  /** Takes that back. */
  unpin(name: string, options?: VersionOptions): Promise<void>;
  /**
   * Reads every stored byte of a model and compares it with its SHA-256. What is
   * corrupt is deleted, and comes anew if the registry answers.
   */
  verify(name: string, options?: ProgressOptions): Promise<Verified>;
  /**
   * Makes the version before the current one the answer again. It stays so until a
   * newer one than that which was undone is published, or `refresh` asks. `not-found` if
   * no version before it is stored. A model that is loaded keeps its version; load it
   * again for the one before.
   */
  rollback(name: string, options?: CallOptions): Promise<void>;
  /**
   * Makes one file of a stored version, for a device without a network: what a
   * prediction needs, with its manifest. The network is not asked.
   */
  export(name: string, options?: PrefetchOptions): Promise<File>;
  /**
   * Stores what such a file holds, verified, and makes it the answer to its version and,
   * unless a newer one is stored, to the bare name. Codes: `invalid-input` (another
   * file), `corrupt` (damaged or cut), `quota`.
   */
  import(file: Blob | ArrayBuffer | ArrayBufferView, options?: ProgressOptions): Promise<CacheEntry[]>;
  /** Removes all versions of a model, pinned ones too. Loaded ones keep working. */
  evict(name: string, options?: CallOptions): Promise<void>;
  /**
   * Gives memory back: a part, 0 to 1, of what is only kept to be fast. Returns how many
   * bytes went. A page that is hidden does it by itself.
   */
  shrink(part?: number, options?: CallOptions): Promise<number>;
  /** Counters since open, and sizes now. */
  stats(options?: CallOptions): Promise<CacheStats>;
  /**
   * Asks the browser not to clear the models when room gets short; true if it promises
   * that. Some browsers ask the person. A worker is only told what holds.
   */
  persist(): Promise<boolean>;
  /** Calls a function for each event of a kind, or of all kinds (`"*"`). The result ends that. Throws `invalid-input` for any other kind. */
  on(kind: CacheEvent["kind"] | "*", listener: (event: CacheEvent) => void): () => void;
}

export interface VersionOptions extends CallOptions {
  /** An exact version. */
  version?: string;
}

export interface PrefetchOptions extends ProgressOptions {
  /** An exact version, a range, or an alias, as for `load`. Default: `latest`. */
  version?: string;
}

/** What came of reading everything that is stored of a model. */
export interface Verified {
  /** Pieces that were read, each once however many versions share it. */
  chunks: number;
  /** Bytes of these. */
  bytes: number;
  /** Pieces with other bytes than they should have; they were deleted. */
  corrupt: number;
  /** Pieces that were gone. */
  missing: number;
  /** Of the corrupt and missing ones, those that came anew. The others come with the next use that has a network. */
  repaired: number;
}

export interface CacheEntry {
  model: Version;
  /** Bytes, those shared with other versions included. */
  bytes: number;
  committedAt: string | null;
  /** When it answered last. */
  usedAt: string | null;
  /** Never removed to make room. */
  pinned: boolean;
  /** What leads to this version: `latest`, `^1` … */
  selectors: string[];
  /** How many models of this worker use it. */
  inUse: number;
  /** The address of the file that it was made of, if that has no manifest. */
  url: string | null;
  /**
   * How often it answered since it was stored, downloads left out, in all tabs and visits. What another worker has seen
   * counts once it is written down: two seconds later, or when its page is hidden or closes it.
   */
  hits: number;
}

export interface CacheStats {
  storage: "indexeddb" | "memory";
  memoryHits: number;
  storeHits: number;
  registryLoads: number;
  revalidations: number;
  notModified: number;
  staleServed: number;
  corruptChunks: number;
  failures: number;
  requests: number;
  bytesDownloaded: number;
  bytesReused: number;
  memoryBytes: number;
  memoryBudget: number;
  memoryEntries: number;
  leases: number;
  storeBytes: number;
  storeChunks: number;
  storeVersions: number;
  /** What happened in each tier, nearest first. A later release may have more of them. */
  tiers: { predictions: Tier; memory: Tier; store: Tier; registry: Tier };
  /** The browser's estimate for this site; null if it gives none. */
  usage: number | null;
  quota: number | null;
  /** Whether the browser promised not to clear the models when room gets short. */
  persisted: boolean | null;
}

/** One tier of the cache: predictions made before, the memory of this worker, the storage of this device, the registry. */
export interface Tier {
  /** Requests that it answered; of the registry, questions that got an answer. */
  hits: number;
  /** Of these, with what only its user still held. */
  weakHits: number;
  misses: number;
  /** What came into it from behind; of the registry, transfers. */
  loads: number;
  /** Loads and questions that ended in an error. */
  failures: number;
  /** Of all loads. */
  bytesLoaded: number;
  /** What left it, by cause. */
  evictions: Record<"expired" | "size" | "replaced" | "collected" | "explicit", number>;
  hitTime: Latency;
  loadTime: Latency;
  /** What is in it now; in use: `leases`; held only as long as others hold it: `weak`. */
  entries: number;
  weak: number;
  bytes: number;
  leases: number;
}

/** How long something took, in milliseconds. Percentiles are bounds of a histogram, at most half too large. */
export interface Latency {
  count: number;
  mean: number;
  p50: number;
  p99: number;
}

export interface CacheEvent {
  kind: "served" | "updated" | "renewed" | "checked" | "committed" | "stale" | "corrupt" | "repaired" | "evicted" | "released" | "verified" | "pinned" | "unpinned" | "rolled-back" | "imported" | "failed";
  time: string;
  name: string;
  version: string | null;
  /** Transferred, freed or found corrupt. */
  bytes: number;
  code: ErrorCode | null;
  /** Of a failure, what went wrong; of `served`, the tier; of `evicted` and `released`, the cause. */
  message: string | null;
  /** Another tab or worker did it to the storage that all share. */
  elsewhere: boolean;
}

export type ErrorCode =
  /** No such model, version or file. */
  | "not-found"
  /** The network is needed and does not answer. */
  | "offline"
  | "expired"
  /** Bytes are not what the manifest promises, here and at the registry. */
  | "corrupt"
  /** The browser gives no more storage. */
  | "quota"
  /** The caller aborted. */
  | "aborted"
  /** The model needs an operator that this release does not have; detail names it. */
  | "unsupported-operator"
  /** The model or its manifest is malformed, or made for a newer Larder. */
  | "invalid-model"
  /** An input or option is malformed. */
  | "invalid-input"
  /** An input is of a kind or size that is not taken. */
  | "unsupported-input"
  /** A defect in Larder. */
  | "internal"
  /** Used after dispose or close. */
  | "closed";

/** What every method rejects with. */
export class LarderError extends Error {
  constructor(code: ErrorCode, message: string, detail?: Record<string, unknown> | null, options?: { cause?: unknown });
  readonly name: "LarderError";
  readonly code: ErrorCode;
  /** More, by code: `near` for not-found, `node` and `operator` for unsupported-operator, `reason` for pictures, `need` and `free` in bytes for quota. */
  readonly detail: Record<string, unknown> | null;
}
