// One of the threads that compute: a nested worker of worker.js. The build puts slots.js
// and collect.js in front of this script.

const SPINS = 4000; // looks before going to sleep after a job, some 50 µs: the next one often follows at once
const DOZE_MS = 100; // asleep at hand; after that, in the event loop, where the browser can tidy up

const joined = new Map(); // memory's number → {run, head, memory}
let control = null;
let index = 0;
let slot = 0;
let read = 0; // messages
let waiting = false; // for waitAsync

onmessage = ({ data }) => {
  if (data.control) {
    ({ control, index } = data);
    slot = SLOT * index;
    postMessage("ready");
  } else {
    read++;
    if (data.memory) guarded(() => join(data));
    else leave(data.number);
  }
  guarded(serve);
};

function join({ number, module, memory }) {
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  joined.set(number, { run, head: new Int32Array(memory.buffer, 0, 16), memory });
}

function leave(number) {
  const was = joined.get(number)?.memory;
  joined.delete(number);
  if (was) collect(was);
}

// guarded calls f. An exception is the end of this thread: the others must not wait
// for what it has taken.
function guarded(f) {
  try {
    f();
  } catch (error) {
    Atomics.store(control, slot + STATUS, BROKEN);
    for (const { head } of joined.values()) abort(head);
    Atomics.notify(control, slot + DONE);
    throw error;
  }
}

// serve does what there is to do and returns when the event loop is needed.
function serve() {
  for (let spins = 0; ; ) {
    const wake = Atomics.load(control, slot + WAKE);
    if (Atomics.load(control, slot + MAIL) !== read) return;
    if (Atomics.load(control, slot + JOB) !== Atomics.load(control, slot + DONE)) {
      job();
      spins = SPINS;
    } else {
      if (!rest(wake, spins)) return;
      spins = 0;
    }
  }
}

// rest waits for WAKE to change; false says that the event loop waits for it.
function rest(wake, spins) {
  for (let i = 0; i < spins; i++) {
    if (Atomics.load(control, slot + WAKE) !== wake) return true;
  }
  if (typeof Atomics.waitAsync !== "function") {
    Atomics.wait(control, slot + WAKE, wake);
    return true;
  }
  if (Atomics.wait(control, slot + WAKE, wake, DOZE_MS) !== "timed-out") return true;
  if (waiting) return false;
  const { async, value } = Atomics.waitAsync(control, slot + WAKE, wake);
  if (!async) return true;
  waiting = true;
  value.then(() => {
    waiting = false;
    guarded(serve);
  });
  return false;
}

// job looks for work in a memory until there is none. A job for a memory that was
// left meanwhile is none.
function job() {
  const number = Atomics.load(control, slot + JOB);
  const memory = joined.get(Atomics.load(control, slot + MEMORY));
  memory?.run(0, 0, index, MAX_THREADS);
  Atomics.add(control, slot + DONE, number - Atomics.load(control, slot + DONE));
  Atomics.notify(control, slot + DONE);
}
