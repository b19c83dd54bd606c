// The page of one engine. It starts at once: the time to the first prediction must
// not wait for the program that drives the browser. That program uses window.bench:
//
//   call(method, ...args)  a method of host.mjs
//
// With config.tell the page makes its first prediction by itself, and tells the server
// {times} or {error} in the path of a request below it.
import { makeHost } from "./host.mjs";

const config = JSON.parse(decodeURIComponent(location.hash.slice(1)));
config.navigation = performance.timeOrigin;
const tell = (news) => config.tell && fetch(config.tell + encodeURIComponent(JSON.stringify(news)));
try {
  const bench = config.where === "worker" ? inWorker() : await inPage();
  if (config.tell) tell({ times: await bench.call("first") });
  window.bench = bench;
} catch (error) {
  tell({ error: String(error) });
  throw error;
}

async function inPage() {
  const host = makeHost(await import(config.adapter), config);
  return { call: async (method, ...args) => host[method](...args) };
}

function inWorker() {
  const worker = new Worker("/www/worker.mjs", { type: "module" });
  const waiting = new Map();
  let last = 0;
  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      worker.postMessage({ id: last, method, args });
    });
  worker.onmessage = ({ data: { id, value, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(value);
  };
  worker.onerror = (event) => waiting.forEach(({ reject }) => reject(new Error(`the worker broke: ${event.message}`)));
  call("init", config).catch(() => {}); // the calls behind it fail as well
  return { call };
}
