// Starts the page: the worker and the app side by side, then the service worker.
// What has to work when the app does not (a crash, a new version) is in here.

const page = document.baseURI.replace(/[?#].*$/, "");
const byId = (id) => document.getElementById(id);

/** Shows that the app cannot go on; nothing on the page answers after this. */
function crash(text) {
  byId("crash-text").textContent = text;
  byId("crash").hidden = false;
  byId("app").inert = true;
  byId("crash-reload").focus();
}
byId("crash-reload").addEventListener("click", () => location.reload());

// What a person does before the app is there is kept for it.
const early = { demo: -1 };
function keepEarly(event) {
  const button = event.target.closest("[data-demo]");
  if (button) early.demo = Number(button.dataset.demo);
}
document.addEventListener("click", keepEarly);

// The worker starts now, in parallel with the app, which takes over the promise.
const openLarder = async () => {
  const { open } = await import("../larder.js");
  return open({ models: new URL("models/", page).href });
};
let opening = openLarder();
opening.catch(() => {}); // the app reports it

/** Between this script and the app (wasm/app). */
globalThis.larderBoot = {
  open() {
    const first = opening ?? openLarder();
    opening = null;
    return first;
  },
  takeEarly() {
    document.removeEventListener("click", keepEarly);
    return early;
  },
  crash,
};

async function startApp() {
  if (typeof WebAssembly !== "object") {
    crash("This browser has no WebAssembly, which Larder is made of. A newer browser has it; some have it switched off.");
    return;
  }
  const go = new Go();
  const { instance } = await instantiate(new URL("assets/app.wasm", import.meta.url), go.importObject);
  // Vugu hands its script to eval, which the Content-Security-Policy forbids. The
  // script is loaded already, from a file: that one call has nothing left to do.
  const original = window.eval;
  window.eval = () => {
    window.eval = original;
  };
  await go.run(instance); // only ends when the program does
  crash("Something in the page broke.");
}

async function instantiate(url, imports) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} could not be loaded (status ${response.status})`);
  const type = (response.headers.get("content-type") ?? "").split(";")[0].trim();
  if (WebAssembly.instantiateStreaming && type === "application/wasm") {
    return WebAssembly.instantiateStreaming(response, imports);
  }
  return WebAssembly.instantiate(await response.arrayBuffer(), imports); // a host with the wrong type
}

/** Registers the service worker, and offers a new build when there is one. */
async function serveOffline() {
  const workers = navigator.serviceWorker;
  if (!workers) return; // not a secure context, or switched off: the page works, but not offline
  let controlled = workers.controller !== null;
  let accepted = false;
  workers.addEventListener("controllerchange", () => {
    if (!controlled) {
      // The first service worker of this page; from the next load on it adds the isolation headers where the host sends
      // none. A reload for them now could lose a picture or a download.
      controlled = true;
    } else if (accepted) {
      location.reload();
    } else {
      offer(() => location.reload()); // another tab took the new build
    }
  });
  const registration = await workers.register(new URL("sw.js", page), { updateViaCache: "none" });
  const offerWaiting = () => {
    const waiting = registration.waiting;
    // In WebKit the first service worker may be the page's controller already while it still counts as waiting.
    if (!waiting || !controlled || waiting === workers.controller) return;
    offer(() => {
      accepted = true;
      waiting.postMessage({ type: "skip-waiting" });
    });
  };
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", offerWaiting);
  });
  offerWaiting();
  checkWhenSeen(registration);
}

let take = () => {};
function offer(accept) {
  take = accept;
  byId("update").hidden = false;
}
byId("update-reload").addEventListener("click", () => take());

/** An installed page may stay open for weeks: it asks for a new build when it is seen again. */
function checkWhenSeen(registration) {
  const hour = 3600e3;
  let last = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - last < hour || !navigator.onLine) return;
    last = Date.now();
    registration.update().catch(() => {}); // no network after all: next time
  });
}

startApp().catch((error) => crash(`It could not start: ${error.message}`));
serveOffline().catch(() => {}); // blocked by a setting: the page works, but not offline
