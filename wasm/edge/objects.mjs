// The registry's objects: from the R2 bucket MODELS if it is bound, else from the static assets ASSETS.
// Keys are the registry's paths, such as "models/leaf/2.0.0/manifest.json".

// fetchObject returns what the Go program needs to know of one object:
// {key, state: "found", etag, bytes, sha256} | {key, state: "unchanged"} | {key, state: "missing"}.
export async function fetchObject(env, key, etag) {
  const object = env.MODELS ? await fromBucket(env.MODELS, key, etag) : await fromAssets(env, key, etag);
  if (object.state !== "found") return { key, ...object };
  const bytes = new Uint8Array(object.buffer);
  return { key, state: "found", etag: object.etag, bytes, sha256: hex(await crypto.subtle.digest("SHA-256", bytes)) };
}

async function fromBucket(bucket, key, etag) {
  const object = await bucket.get(key, etag ? { onlyIf: { etagDoesNotMatch: etag } } : {});
  if (object === null) return { state: "missing" };
  if (!object.body) return { state: "unchanged" };
  return { state: "found", etag: object.etag, buffer: await object.arrayBuffer() };
}

async function fromAssets(env, key, etag) {
  if (!env.ASSETS) throw new Error("neither the bucket MODELS nor the static assets ASSETS are bound");
  const response = await env.ASSETS.fetch(new Request("http://assets/" + key, { headers: etag ? { "if-none-match": etag } : {} }));
  if (response.status === 304) return { state: "unchanged" };
  if (response.status === 404) return { state: "missing" };
  if (!response.ok) throw new Error(`static assets answered ${response.status} for ${key}`);
  return { state: "found", etag: response.headers.get("etag") ?? "", buffer: await response.arrayBuffer() };
}

// serveObject is the registry over HTTP: GET and HEAD with strong ETag, If-None-Match and Range.
export async function serveObject(request, env) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
  if (!env.MODELS) return env.ASSETS.fetch(request);
  if (request.method === "HEAD") {
    const head = await env.MODELS.head(key);
    return head === null ? notFound(key) : new Response(null, { headers: objectHeaders(head) });
  }
  const ranged = request.headers.has("range");
  const object = await bucketGet(env.MODELS, key, request, ranged);
  if (object === null) return notFound(key);
  const headers = objectHeaders(object);
  if (object === undefined) return new Response(null, { status: 416 });
  if (!object.body) return new Response(null, { status: 304, headers });
  if (!ranged || !object.range) return new Response(object.body, { headers });
  const { offset, length } = span(object);
  headers["content-range"] = `bytes ${offset}-${offset + length - 1}/${object.size}`;
  headers["content-length"] = String(length);
  return new Response(object.body, { status: 206, headers });
}

async function bucketGet(bucket, key, request, ranged) {
  const match = request.headers.get("if-none-match");
  const options = {};
  if (match !== null) options.onlyIf = { etagDoesNotMatch: match.replace(/^W\//, "").replaceAll('"', "") };
  if (ranged && (await rangeStillHolds(bucket, key, request))) options.range = request.headers;
  return bucket.get(key, options);
}

// rangeStillHolds is RFC 9110, section 13.1.5: a range is only honoured if If-Range names the present representation.
async function rangeStillHolds(bucket, key, request) {
  const wanted = request.headers.get("if-range");
  if (wanted === null) return true;
  const head = await bucket.head(key);
  return head !== null && head.httpEtag === wanted;
}

// span resolves R2's three forms of a range to offset and length.
function span(object) {
  const { offset, length, suffix } = object.range;
  if (suffix !== undefined) return { offset: Math.max(0, object.size - suffix), length: Math.min(suffix, object.size) };
  return { offset: offset ?? 0, length: length ?? object.size - (offset ?? 0) };
}

function objectHeaders(object) {
  return {
    etag: object.httpEtag,
    "accept-ranges": "bytes",
    "content-length": String(object.size),
    "content-type": contentType(object.key),
    "cache-control": "no-cache",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
  };
}

function contentType(key) {
  if (key.endsWith(".json")) return "application/json";
  if (key.endsWith(".md")) return "text/markdown; charset=utf-8";
  if (key.endsWith(".txt")) return "text/plain; charset=utf-8";
  if (key.endsWith(".jpg")) return "image/jpeg";
  return "application/octet-stream";
}

function notFound(key) {
  return Response.json({ error: `the registry has no ${JSON.stringify(key)}` }, { status: 404 });
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
