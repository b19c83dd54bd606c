// Larder's service worker: keeps the page for use without a network, and makes it
// cross-origin isolated on hosts that do not send the headers for that.
//
// The site builder fills in the list of what the page consists of, as [URL, hash]
// relative to this script; the hash is the start of the file's SHA-256 in hex, or
// empty when the URL carries one. Models are not in it: they live in IndexedDB.
// A cache holds one build. A new build copies what has not changed from the cache
// before it, and takes over when the page says so or no page is open any more.

const PRECACHE = /*precache*/[];

const SCOPE = new URL("./", self.location.href).href;
const PREFIX = `larder ${new URL(SCOPE).pathname} `; // several sites may share an origin
const CACHE = PREFIX + digest(JSON.stringify(PRECACHE));
const HASH = "x-larder-hash"; // on a cached response: the hash that it was listed with
const PAGE = SCOPE;
const LISTED = new Set(PRECACHE.map(([url]) => new URL(url, SCOPE).href));

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data?.type === "skip-waiting") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const answer = route(event.request);
  if (answer) event.respondWith(answer);
});

/** Two 32-bit FNV-1a sums: a name for a list, not a protection. */
function digest(text) {
  let a = 0x811c9dc5;
  let b = 0x01234567;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x01000193) + 1;
  }
  return [a, b].map((n) => (n >>> 0).toString(16).padStart(8, "0")).join("");
}

async function install() {
  const cache = await caches.open(CACHE);
  const before = await earlier();
  // A few at a time: the model is on its way as well.
  const queue = [...PRECACHE];
  const next = async () => {
    for (let entry = queue.shift(); entry; entry = queue.shift()) await keep(cache, before, ...entry);
  };
  await Promise.all([next(), next(), next()]);
}

/** The caches of earlier builds of this site. */
async function earlier() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  return Promise.all(names.map((name) => caches.open(name)));
}

/** Puts one file into the cache: from an earlier build when it is the same, else from the network. */
async function keep(cache, before, path, hash) {
  const url = new URL(path, SCOPE).href;
  for (const old of [cache, ...before]) {
    const copy = await old.match(url);
    if (copy && copy.headers.get(HASH) === hash) return old === cache ? undefined : cache.put(url, copy);
  }
  // A hashed URL may come from the browser's own cache; others are asked for anew.
  const response = await fetch(url, { cache: hash ? "no-cache" : "default" });
  const body = response.ok && (await response.arrayBuffer());
  // In the middle of a deployment the server may have the next build's file
  // already. Half of each would not work: the install fails and is tried later.
  const listed = response.ok && (!hash || (await sha256(body)).startsWith(hash));
  if (!listed) {
    // The registry may be replaced without the page, and a new version has demo photos of its own.
    if (path.startsWith("models/") && (response.ok || response.status === 404 || response.status === 410)) return;
    throw new Error(`larder: ${url}: ${response.ok ? "not the listed version" : `status ${response.status}`}`);
  }
  const headers = isolated(response.headers);
  headers.set(HASH, hash);
  await cache.put(url, new Response(body, { status: 200, headers }));
}

async function sha256(body) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return Array.from(sum, (b) => b.toString(16).padStart(2, "0")).join("");
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
}

/** The answer to a request, or nothing where the browser should go its own way. */
function route(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(SCOPE) || request.headers.has("range")) return undefined;
  if (request.mode === "navigate") return navigate(request, url);
  if (LISTED.has(url.href)) return listed(request, url.href);
  if (url.href.startsWith(SCOPE + "models/")) return undefined; // the worker's cache looks after models
  if (request.destination === "worker" || request.destination === "sharedworker") return fresh(request);
  return undefined;
}

async function navigate(request, url) {
  const path = url.href.slice(SCOPE.length).replace(/[?#].*$/, "");
  if (path === "" || path === "index.html") return listed(request, PAGE);
  if (LISTED.has(SCOPE + path)) return listed(request, SCOPE + path);
  try {
    return await fresh(request);
  } catch (error) {
    const page = await kept(PAGE); // no network: the page is better than the browser's error
    if (page) return page;
    throw error;
  }
}

async function listed(request, href) {
  return (await kept(href)) ?? fresh(request); // the browser may have cleared the cache
}

async function kept(href) {
  return (await caches.open(CACHE)).match(href);
}

/** The network's answer, with the isolation headers. */
async function fresh(request) {
  const response = await fetch(request);
  // Opaque answers and redirects have to stay what they are.
  if (response.type !== "basic" || response.redirected || response.headers.has("cross-origin-embedder-policy")) return response;
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers: isolated(response.headers) });
}

/** The headers of a decoded answer, with those that make a page cross-origin isolated. */
function isolated(from) {
  const headers = new Headers(from);
  headers.delete("content-encoding");
  headers.delete("content-length");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "same-origin");
  return headers;
}
