// Part of worker.js: the threads that compute together with this worker, which is
// thread 0. The others are nested workers (thread.js), made once. Each memory is given
// to those that work in it.

const START_MS = 10000;
const FINISH_MS = 5000;

class Team {
  #control = null;
  #threads = []; // of nested workers: thread 1 is the first
  #starting = null;
  #last = 0; // memory's number
  #tell;

  /** The threads that a job may have, this worker's included. */
  size = 1;
  /** Why there are not more; "" if nobody wanted more. */
  reason = "";

  /** tell hears when the team breaks. */
  constructor(tell) { this.#tell = tell; }

  /** Makes the team at least so many; resolves to its size, which may be less. */
  muster(size) {
    this.#starting = (this.#starting ?? Promise.resolve()).then(() => this.#grow(size));
    return this.#starting;
  }

  async #grow(size) {
    if (size <= this.size || this.reason !== "") return this.size;
    try {
      this.#control ??= new Int32Array(new SharedArrayBuffer(4 * SLOT * MAX_THREADS));
      const more = [];
      for (let i = this.size; i < size; i++) more.push(this.#start(i));
      await Promise.all(more);
      this.size = size;
    } catch (error) {
      this.#break(`the threads cannot be started: ${error.message}`);
    }
    return this.size;
  }

  #start(index) {
    return new Promise((resolve, reject) => {
      const thread = new Worker(new URL("../assets/thread.js", import.meta.url), { type: "module", name: `larder thread ${index}` });
      this.#threads[index - 1] = thread;
      const late = setTimeout(() => reject(new Error(`no answer in ${START_MS / 1000} seconds`)), START_MS);
      thread.onmessage = () => { clearTimeout(late); resolve(); };
      thread.onerror = (event) => {
        event.preventDefault();
        clearTimeout(late);
        const error = new Error(event.message || "its script cannot be loaded");
        reject(error);
        if (index < this.size) this.#break(`a thread broke: ${error.message}`);
      };
      thread.postMessage({ control: this.#control, index });
    });
  }

  /** Ends the threads: from now on, this worker computes alone. */
  #break(reason) {
    for (const thread of this.#threads) thread?.terminate();
    this.#threads = [];
    const told = this.size > 1;
    this.size = 1;
    this.reason = reason;
    if (told) this.#tell(reason);
  }

  #send(index, message) {
    this.#threads[index - 1].postMessage(message);
    Atomics.add(this.#control, SLOT * index + MAIL, 1);
    this.#wake(index);
  }

  #wake(index) {
    Atomics.add(this.#control, SLOT * index + WAKE, 1);
    Atomics.notify(this.#control, SLOT * index + WAKE);
  }

  /**
   * Gives a memory to the first threads of the team. Of what is returned, run(from, end)
   * runs steps with all of them, and leave() makes them let go of the memory.
   */
  join(module, memory, run, threads) {
    const number = ++this.#last;
    const head = new Int32Array(memory.buffer, 0, 16);
    for (let i = 1; i < threads; i++) this.#send(i, { number, module, memory });
    return {
      run: (from, end) => {
        if (this.size < threads) {
          head.fill(0); // a job that was stopped has left its mark
          return run(from, end, 0, 1);
        }
        return this.#run(number, head, from, end, threads, run);
      },
      leave: () => {
        if (this.size < threads) return;
        for (let i = 1; i < threads; i++) this.#send(i, { number });
      },
    };
  }

  // run publishes a job, does its share and returns the status.
  #run(number, head, from, end, threads, run) {
    for (let i = 1; i < threads; i++) {
      if (!this.#well(i)) return this.#lost(i);
    }
    head.fill(0);
    for (let i = 1; i < threads; i++) {
      const slot = SLOT * i;
      this.#control[slot + MEMORY] = number;
      this.#control[slot + FROM] = from;
      this.#control[slot + END] = end;
      this.#control[slot + THREADS] = threads;
      Atomics.add(this.#control, slot + JOB, 1);
      this.#wake(i);
    }
    let status;
    try {
      status = run(from, end, 0, threads);
    } catch (error) {
      abort(head);
      throw error;
    }
    return status === FINISHED ? status : this.#explain(status, threads);
  }

  // well reports whether thread i is ready for a job.
  #well(i) {
    return this.#finished(i) && Atomics.load(this.#control, SLOT * i + STATUS) !== BROKEN;
  }

  // finished waits until thread i has done its last job: it has passed that job's last
  // barrier already, unless the job was stopped.
  #finished(i) {
    const slot = SLOT * i;
    const job = this.#control[slot + JOB];
    for (let turn = 0; turn < 1000; turn++) {
      if (Atomics.load(this.#control, slot + DONE) === job) return true;
    }
    const until = performance.now() + FINISH_MS;
    for (;;) {
      const done = Atomics.load(this.#control, slot + DONE);
      if (done === job) return true;
      if (Atomics.load(this.#control, slot + STATUS) === BROKEN) return false;
      const left = until - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#control, slot + DONE, done, left);
    }
  }

  // explain turns a status other than 0 into one that says who is to blame.
  #explain(status, threads) {
    for (let i = 1; i < threads; i++) {
      if (!this.#well(i)) return this.#lost(i);
    }
    return status;
  }

  #lost(i) {
    const broke = Atomics.load(this.#control, SLOT * i + STATUS) === BROKEN;
    this.#break(broke ? `thread ${i} broke; the console has its last words` : `thread ${i} does not answer`);
    return BROKEN;
  }
}
