// The Cloudflare Worker: Larder's answers over HTTP, near every user.
//
//   /v2/…       Open Inference Protocol and /classify, answered by the Go program edge.wasm
//   /models/…   the registry itself, straight from the bucket or the static assets
//   /control/…  upload and roll-out, answered by the Go program control.wasm
//
// Go never waits here. One Go program lives as long as the isolate and is called synchronously; every await is on this
// side. When Go lacks an object (index, manifest, model file) it answers with the list of what it needs, the list is
// fetched, and Go is asked again. A timer or promise inside Go would belong to the request that started it, and any
// other request waiting for it would hang.
import { control } from "./control.mjs";
import { Engine } from "./engine.mjs";
import { fetchObject, serveObject } from "./objects.mjs";

// The largest request body: a float32 tensor of 8 pictures of 3 x 224 x 224 as JSON is about 14 MB.
const MAX_BODY = 16 << 20;
// index, manifest, files: three rounds when nothing is there, one more when the index has changed meanwhile.
const MAX_ROUNDS = 6;

let engine = null;

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    try {
      if (pathname.startsWith("/control/")) return await control(request, env, ctx);
      if (pathname.startsWith("/models/")) return await serveObject(request, env);
      return await answer(request, env);
    } catch (error) {
      console.error(error);
      return problem(500, "internal error: " + (error?.message ?? error));
    }
  },
};

async function answer(request, env) {
  const body = await readBody(request, MAX_BODY);
  if (body === null) return problem(413, `the request body is larger than ${MAX_BODY} bytes`);
  const url = new URL(request.url);
  const head = {
    method: request.method,
    path: url.pathname,
    include: url.searchParams.get("include") ?? "",
    json: /^application\/([\w.-]+\+)?json\b/i.test(request.headers.get("content-type") ?? ""),
    binary: request.headers.has("inference-header-content-length"),
    now: Date.now(), // one time for all rounds: an index fetched for this request is fresh for it
  };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const reply = running(env).handle(head, body);
    if (!reply.need) return new Response(reply.body, { status: reply.status, headers: replyHeaders(reply) });
    // Each request awaits its own fetches: a promise of another request must not be awaited. Two requests may fetch
    // the same object; the second copy replaces the first.
    await Promise.all(reply.need.map(async ({ key, etag }) => running(env).provide(await fetchObject(env, key, etag))));
  }
  return problem(503, "the registry kept changing while the model was loading: try again");
}

// running returns the isolate's Go program and starts a new one if the last one has ended.
function running(env) {
  if (engine === null || engine.dead) engine = new Engine({ indexTTLSeconds: Number(env.INDEX_TTL_SECONDS ?? 60) });
  return engine;
}

const HEADERS = { "content-type": "application/json", "cache-control": "no-store", "access-control-allow-origin": "*" };

function replyHeaders(reply) {
  // The size of the program's memory: an isolate has 128 MiB for everything.
  const headers = { ...HEADERS, "x-larder-memory-bytes": String(engine.memoryBytes) };
  if (reply.allow) headers.allow = reply.allow;
  return headers;
}

function problem(status, error) {
  return new Response(JSON.stringify({ error }), { status, headers: HEADERS });
}

// readBody returns the body, or null if it is longer than limit; it stops reading there.
async function readBody(request, limit) {
  if (request.body === null) return new Uint8Array(0);
  if (Number(request.headers.get("content-length") ?? 0) > limit) return null;
  const chunks = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}
