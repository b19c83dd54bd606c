// Part of worker.js and thread.js: how they share a control block of 32-bit words.
// Thread i has a slot of it; thread 0 is worker.js and needs none.
//
//   WAKE     changes whenever there is something to do; the thread sleeps on it
//   MAIL     counts the messages that were sent to it
//   JOB      counts the jobs for it, DONE those that it has finished
//   STATUS   what its last job returned, or BROKEN after an exception
//   MEMORY, FROM, END, THREADS   the job: a memory's number, the steps, who takes part
//
// A job is written only when the one before it is done, so no slot is read while it
// is written. A message is counted after it was sent and before WAKE changes: a thread
// that has not had it yet goes back to its event loop, where it arrives.

const MAX_THREADS = 8;
const SLOT = 16; // words: no two threads share a cache line
const [WAKE, MAIL, JOB, DONE, STATUS, MEMORY, FROM, END, THREADS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

// What a run of steps returns: model/kernel's numbers, and one more for an exception.
const FINISHED = 0;
const BROKEN = 3;

// abort makes all threads that work in a memory stop before their next step. head is
// the beginning of the memory, the control block of model/kernel.
function abort(head) {
  Atomics.store(head, 0, 1);
  Atomics.notify(head, 2); // those who wait at a barrier
}
