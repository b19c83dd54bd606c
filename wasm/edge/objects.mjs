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
  const options = {};
  const match = request.headers.get("if-none-match");
  if (match !== null) options.onlyIf = { etagDoesNotMatch: match.replace(/^W\//, "").replaceAll('"', "") };
  const head = request.headers.has("range") ? await env.MODELS.head(key) : null;
  const range = head === null ? undefined : wantedRange(request, head);
  if (range === null) return new Response(null, { status: 416, headers: { "content-range": `bytes */${head.size}` } });
  const object = await env.MODELS.get(key, { ...options, range });
  if (object === null) return notFound(key);
  const headers = objectHeaders(object);
  if (!object.body) return new Response(null, { status: 304, headers });
  if (range === undefined) return new Response(object.body, { headers });
  headers["content-range"] = `bytes ${range.offset}-${range.offset + range.length - 1}/${object.size}`;
  headers["content-length"] = String(range.length);
  return new Response(object.body, { status: 206, headers });
}

// wantedRange resolves a Range header of one range (RFC 9110, section 14): undefined means the whole object, null that
// the object has no such bytes. A range counts only if If-Range, where given, names the present representation.
function wantedRange(request, { size, httpEtag }) {
  const ifRange = request.headers.get("if-range");
  const spec = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range").trim());
  if (spec === null || (spec[1] === "" && spec[2] === "") || (ifRange !== null && ifRange !== httpEtag)) return undefined;
  const first = spec[1] === "" ? Math.max(0, size - Number(spec[2])) : Number(spec[1]);
  const last = spec[1] === "" || spec[2] === "" ? size - 1 : Math.min(Number(spec[2]), size - 1);
  return first > last ? null : { offset: first, length: last - first + 1 };
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
