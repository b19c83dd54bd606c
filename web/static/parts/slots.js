// Part of worker.js and thread.js: how they share a control block of 32-bit words.
// Thread i has a slot of it; thread 0 is worker.js and needs none.
//
//   WAKE     changes whenever there is something to do; the thread sleeps on it
//   MAIL     counts the messages that were sent to it
//   JOB      counts the jobs for it, DONE is the last one that it has returned from
//   STATUS   BROKEN after an exception
//   MEMORY   the number of the memory in which there is work
//
// The work itself is shared out in the memory (model/kernel). A thread that has a job
// looks for some there and returns when there is none, so nobody waits for it: it may
// come late, when all is done. A message is counted after it was sent and before WAKE
// changes: a thread that has not had it yet goes back to its event loop, where it
// arrives.

const MAX_THREADS = 8;
const SLOT = 16; // words: no two threads share a cache line
const [WAKE, MAIL, JOB, DONE, STATUS, MEMORY] = [0, 1, 2, 3, 4, 5];

// Words at the beginning of a memory: the control block of model/kernel.
const ABORT = 0;
const GENERATION = 2;
const LEAVE = 9;

// What a run of steps returns: model/kernel's numbers, and one more for an exception.
const FINISHED = 0;
const BROKEN = 3;

// abort makes all threads that work in a memory stop before their next chunk. head is
// the beginning of the memory.
function abort(head) {
  Atomics.store(head, ABORT, 1);
  Atomics.notify(head, GENERATION); // they may sleep there
}

// dismiss makes the threads that look for work in a memory, or sleep there, return.
function dismiss(head) {
  Atomics.store(head, LEAVE, 1);
  Atomics.notify(head, GENERATION);
}
