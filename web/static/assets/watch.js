// Listens to a host that tells when models change. Loaded by larder.js when the host
// has said, in a header of models/index.json, that it does.
//
// One tab of the origin holds the connection, elected by a Web Lock, and tells the
// others: browsers open no more than six connections to a host, and a stream keeps one.

/** Calls changed(name) for each model that changed, and gone() if the host has no stream; returns a function that ends it. */
export function watch(url, changed, gone) {
  if (new URL(url).origin !== location.origin) return () => {};
  const others = new BroadcastChannel(`larder:events ${url}`);
  others.onmessage = ({ data }) => changed(data);
  const end = new AbortController();
  const connect = () =>
    new Promise((resolve) => {
      const source = new EventSource(url);
      source.addEventListener("changed", ({ data }) => {
        for (const name of JSON.parse(data)) {
          others.postMessage(name);
          changed(name);
        }
      });
      source.onerror = () => source.readyState === EventSource.CLOSED && gone(); // it is not tried again
      end.signal.addEventListener("abort", () => {
        source.close();
        resolve();
      });
    });
  const { locks } = navigator;
  const held = locks ? locks.request(`larder:events ${url}`, { signal: end.signal }, connect) : connect();
  held.catch(() => {}); // it was ended while it waited
  return () => {
    end.abort();
    others.close();
  };
}
