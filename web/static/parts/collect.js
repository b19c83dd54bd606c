// Part of worker.js and thread.js.

const COLLECT_TURNS = 12;
const COLLECT_PAUSE_MS = 4; // doubled each turn, up to 32 times
const COLLECT_BUFFERS = 4;
const COLLECT_BYTES = 32 << 20; // four are twice of what V8 lets pass without a collection

// collect makes the browser free a memory that was let go of. By itself it does so only
// when much has been allocated since, which a worker that has nothing to do never does:
// hundreds of megabytes would stay. So this allocates, without touching it, until the
// memory is gone. Nobody waits for the result.
async function collect(memory) {
  const gone = new WeakRef(memory);
  memory = null;
  for (let turn = 0; turn < COLLECT_TURNS; turn++) {
    await pause(COLLECT_PAUSE_MS << Math.min(turn, 5));
    if (gone.deref() === undefined) return;
    await pause(0); // a weak reference that was looked at holds until the task has ended
    for (let i = 0; i < COLLECT_BUFFERS; i++) new ArrayBuffer(COLLECT_BYTES);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
