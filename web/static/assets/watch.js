// Listens to a host that tells when models change. Loaded by larder.js when the host
// has said, in a header of models/index.json, that it does.
//
// One tab of the origin holds the connection, elected by a Web Lock, and tells the
// others: browsers open no more than six connections to a host, and a stream keeps one.

/**
 * Calls changed(name) for each model that changed, changed("") when changes may have gone unheard, and gone() if the host
 * has no stream; returns a function that ends it.
 */
export function watch(url, changed, gone) {
  if (new URL(url).origin !== location.origin) return () => {};
  const others = new BroadcastChannel(`larder:events ${url}`);
  others.onmessage = ({ data }) => changed(data);
  const tell = (name) => {
    others.postMessage(name);
    changed(name);
  };
  const end = new AbortController();
  // missed: somebody listened before, and between the two nobody did.
  const connect = (missed) =>
    new Promise((resolve) => {
      if (end.signal.aborted) return resolve();
      const source = new EventSource(url);
      source.onopen = () => {
        if (missed) tell("");
        missed = true; // when the connection breaks
      };
      source.addEventListener("changed", ({ data }) => JSON.parse(data).forEach(tell));
      source.onerror = () => source.readyState === EventSource.CLOSED && gone(); // it is not tried again
      end.signal.addEventListener("abort", () => {
        source.close();
        resolve();
      });
    });
  const lead = async () => {
    const { locks } = navigator;
    const name = `larder:events ${url}`;
    if (!locks) return connect(false);
    let led = false;
    await locks.request(name, { ifAvailable: true }, (lock) => (led = lock !== null) && connect(false));
    if (!led) await locks.request(name, { signal: end.signal }, () => connect(true));
  };
  lead().catch(() => {}); // it was ended while it waited
  return () => {
    end.abort();
    others.close();
  };
}
