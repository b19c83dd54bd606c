// Part of worker.js.

const NUMBER = '{"id":'; // how every request begins; up to the comma is what tells it from the same request before
const DISPOSE = /^,"method":"dispose","params":\{"handle":(\d+)\}\}$/;
const MAX_REQUEST = 1 << 14; // characters
const MAX_KEPT = 1 << 20; // characters of all requests and replies
const TELL_MS = 250;

// Repeats answers what a page asks again and again: a model that is loaded, a prediction that was made before. The
// program says which reply it would give to a request, and until when; it ends all of them whenever something changes.
// So nothing here decides what is true, and no Go runs for what was told a moment ago: among a hundred answers of Go
// there is one that takes ten times as long as the others, because its garbage is collected or its functions are compiled
// anew meanwhile (measured by web/e2e/measure.mjs).
class Repeats {
  #post;
  #kept = new Map(); // by request, less its number
  #size = 0;
  #given = new Map(); // by the reply's number: [times, milliseconds], for the program to count
  #shares = new Map(); // by handle: how many have it besides the first
  tell; // the program's: something was given

  constructor(post) {
    this.#post = post;
  }

  // keep gives a reply again until a time. It has holes: \0 for the number of the request, \x01 for the age since born in
  // seconds, \x02 for the milliseconds it took.
  keep(id, request, reply, handle, shared, born, until) {
    const size = request.length + reply.length;
    const question = request.slice(request.indexOf(","));
    if (request.length > MAX_REQUEST || size > MAX_KEPT || !request.startsWith(NUMBER)) return;
    this.#drop(question);
    if (this.#size + size > MAX_KEPT) this.forget();
    this.#size += size;
    this.#kept.set(question, { id, size, parts: reply.split(/([\0-\x02])/), handle, shared, born, since: Date.now(), until });
  }

  // forget ends all.
  forget() {
    this.#kept.clear();
    this.#size = 0;
  }

  #drop(question) {
    this.#size -= this.#kept.get(question)?.size ?? 0;
    this.#kept.delete(question);
  }

  // answer answers a message, or returns false.
  answer(message) {
    if (typeof message !== "string" || message.length > MAX_REQUEST || !message.startsWith(NUMBER)) return false;
    const start = performance.now();
    const comma = message.indexOf(",");
    const question = message.slice(comma);
    const kept = this.#kept.get(question);
    if (!kept) return this.#disposed(message, question);
    const now = Date.now();
    if (now < kept.since || now >= kept.until) { // or the clock was set back: how old anything is, the program says
      this.#drop(question);
      return false;
    }
    const number = message.slice(NUMBER.length, comma);
    const age = Math.max(0, Math.floor((now - kept.born) / 1000));
    const took = performance.now() - start;
    let reply = "";
    for (const part of kept.parts) reply += part === "\0" ? number : part === "\x01" ? age : part === "\x02" ? took : part;
    if (kept.shared) this.#shares.set(kept.handle, (this.#shares.get(kept.handle) ?? 0) + 1);
    this.#count(kept.id, took);
    this.#post(reply);
    return true;
  }

  // disposed answers for a handle that somebody else has too. With the last one its replies go.
  #disposed(message, question) {
    const handle = Number(DISPOSE.exec(question)?.[1]);
    if (Number.isNaN(handle)) return false;
    const others = this.#shares.get(handle);
    if (!others) {
      for (const [question, kept] of this.#kept) if (kept.handle === handle) this.#drop(question);
      return false;
    }
    if (others === 1) this.#shares.delete(handle);
    else this.#shares.set(handle, others - 1);
    this.#post(`${message.slice(0, message.indexOf(","))},"ok":true,"result":null}`);
    return true;
  }

  #count(id, took) {
    if (this.#given.size === 0) setTimeout(() => this.tell(), TELL_MS);
    const given = this.#given.get(id);
    if (!given) return void this.#given.set(id, [1, took]);
    given[0]++;
    given[1] += took;
  }

  // shared returns the handles that were given more than once, each with how many have it besides the first.
  shared() {
    return [...this.#shares].flat().join(" ");
  }

  // take returns what was given since the last call: of each reply its number, times, and milliseconds of all.
  take() {
    if (this.#given.size === 0) return "";
    const text = [...this.#given].map(([id, [times, ms]]) => `${id} ${times} ${ms}`).join(" ");
    this.#given.clear();
    return text;
  }
}
