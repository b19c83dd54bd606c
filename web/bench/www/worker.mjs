// host.mjs in a worker: {id, method, args} is answered with {id, value} or {id, error}.
import { makeHost } from "./host.mjs";

let host = null;
let last = Promise.resolve();

async function answer({ id, method, args }) {
  try {
    if (method === "init") {
      host = makeHost(await import(args[0].adapter), args[0]);
      postMessage({ id });
    } else {
      if (!host) throw new Error("the engine's adapter could not be loaded");
      postMessage({ id, value: await host[method](...args) });
    }
  } catch (error) {
    postMessage({ id, error: String(error?.stack ?? error) });
  }
}

// One after the other, in the order of arrival.
self.onmessage = (event) => {
  last = last.then(() => answer(event.data));
};
