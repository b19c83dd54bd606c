// Part of worker.js: the threads that compute together with this worker, which is
// thread 0. The others are nested workers (thread.js), made once. Each memory is given
// to those that work in it.

const START_MS = 10000;
const FINISH_MS = 5000;
const ROLL_CALL_MS = 10000;

class Team {
  #control = null;
  #threads = []; // of nested workers: thread 1 is the first
  #starting = null;
  #last = 0; // memory's number
  #active = null; // whose memory the threads were called to last
  #settled = performance.now(); // when all threads were seen last
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

  /** Wakes the threads, so that they are at hand when there is a job soon. */
  stir() {
    for (let i = 1; i < this.size; i++) this.#wake(i);
  }

  /**
   * Gives a memory to the first threads of the team. Of what is returned, run(from, end)
   * runs steps with all of them, and leave() makes them let go of the memory.
   */
  join(module, memory, run, threads) {
    const member = { number: ++this.#last, head: new Int32Array(memory.buffer, 0, 16), run, threads, dirty: false };
    for (let i = 1; i < threads; i++) this.#send(i, { number: member.number, module, memory });
    return {
      run: (from, end) => {
        if (this.size >= threads) return this.#run(member, from, end);
        member.head.fill(0); // the threads have ended, perhaps in the middle
        return run(from, end, 0, 1);
      },
      leave: () => {
        if (this.#active === member) this.#active = null;
        if (this.size < threads) return;
        dismiss(member.head);
        for (let i = 1; i < threads; i++) this.#send(i, { number: member.number });
      },
    };
  }

  // run calls the threads, does its share and returns the status.
  #run(member, from, end) {
    const { head, threads } = member;
    if (member.dirty) {
      const lost = this.#settle(threads);
      if (lost) return this.#lost(lost);
      head.fill(0);
      member.dirty = false;
    }
    const gone = this.#missing(threads);
    if (gone) {
      this.#lost(gone);
      head.fill(0);
      return member.run(from, end, 0, 1);
    }
    if (this.#active !== member) {
      // Threads that still look for work in the other memory would not hear of this one.
      if (this.#active) dismiss(this.#active.head);
      Atomics.store(head, LEAVE, 0);
      this.#active = member;
    }
    for (let i = 1; i < threads; i++) {
      const slot = SLOT * i;
      Atomics.store(this.#control, slot + MEMORY, member.number);
      Atomics.add(this.#control, slot + JOB, 1);
      this.#wake(i);
    }
    let status;
    try {
      member.dirty = true;
      status = member.run(from, end, 0, threads);
    } catch (error) {
      abort(head);
      throw error;
    }
    if (status === FINISHED) {
      member.dirty = false;
      return status;
    }
    const lost = this.#settle(threads);
    return lost ? this.#lost(lost) : status;
  }

  // missing returns the number of a thread that cannot be called, 0 if all can. That one
  // has gone without a word is only found out by sending all home, now and then.
  #missing(threads) {
    if (performance.now() - this.#settled > ROLL_CALL_MS) {
      this.#settled = performance.now();
      if (this.#active) dismiss(this.#active.head);
      this.#active = null;
      return this.#settle(threads);
    }
    for (let i = 1; i < threads; i++) {
      if (Atomics.load(this.#control, SLOT * i + STATUS) === BROKEN) return i;
    }
    return 0;
  }

  // settle waits until all threads have returned from their jobs, and returns the
  // number of one that has not, or that broke.
  #settle(threads) {
    for (let i = 1; i < threads; i++) {
      if (!this.#finished(i) || Atomics.load(this.#control, SLOT * i + STATUS) === BROKEN) return i;
    }
    return 0;
  }

  #finished(i) {
    const slot = SLOT * i;
    const job = Atomics.load(this.#control, slot + JOB);
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

  #lost(i) {
    const broke = Atomics.load(this.#control, SLOT * i + STATUS) === BROKEN;
    this.#break(broke ? `thread ${i} broke; the console has its last words` : `thread ${i} does not answer`);
    return BROKEN;
  }
}
