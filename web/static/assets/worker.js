// Starts the Go program that owns the models. The build puts Go's loader
// (wasm_exec.js), which defines Go, and the parts more.js, slots.js, collect.js, kernels.js,
// team.js and repeats.js in front of this script.
//
// larder.js says in the worker's name how many threads it wants ("larder 4"), so that
// they start while the program is on its way.
//
// The program answers the messages of larder.js. If it cannot start, or ends,
// the page is told why by {failed: {code, message}}, and the worker closes.

const program = new URL("../assets/worker.wasm", import.meta.url);

// What the page says before the program listens is kept for it. The compiled program is among
// that, or null if the page could not make it.
const early = [];
const handed = new Promise((resolve) => {
  onmessage = ({ data }) => (data.program === undefined ? early.push(data) : resolve(data.program));
});

// tell sends the page a message as the program does.
const tell = (message) => postMessage(JSON.stringify(message));

function fail(code, message) {
  tell({ failed: { code, message } });
  close();
}

// compile fetches and compiles one program.
async function compile(program) {
  let response;
  try {
    response = await fetch(program);
  } catch (cause) {
    throw new StartError("offline", `the engine cannot be loaded from ${program}: ${cause.message}`);
  }
  if (!response.ok) {
    throw new StartError(response.status === 404 ? "not-found" : "offline", `the engine cannot be loaded from ${program}: status ${response.status}`);
  }
  // Compiling while the bytes arrive needs the right type, which not every host sends.
  if (response.headers.get("content-type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

// An exception inside a callback leaves the program in a state that nobody knows.
const broke = (error, message) => (error instanceof StartError ? fail(error.code, error.message) : fail("internal", `the engine broke: ${message}`));
addEventListener("error", (event) => broke(event.error, event.message));
addEventListener("unhandledrejection", (event) => broke(event.reason, event.reason?.message ?? event.reason));

async function start() {
  const team = new Team((reason) => tell({ event: "threads", data: { threads: 1, threadsReason: reason } }));
  const wanted = Number(/ (\d)$/.exec(self.name)?.[1] ?? 1);
  if (globalThis.crossOriginIsolated === true && wanted > 1) team.muster(wanted);
  const [main, kernels] = await Promise.all([handed.then((module) => module ?? compile(program)), loadKernels()]);
  globalThis.larderKernels = { ...kernels, team };
  const repeats = (globalThis.larderRepeats = new Repeats((text) => postMessage(text)));
  const go = new Go();
  let code = 0;
  go.exit = (n) => { code = n; };
  let instance;
  go.importObject.larder = { more: () => loadMore(instance.exports) };
  instance = await WebAssembly.instantiate(main, go.importObject);
  go.run(instance).then(() => fail("internal", `the engine ended with code ${code}; the console has its last words`));
  const hear = onmessage; // the program's: it listens before run returns
  onmessage = (event) => repeats.answer(event.data) || hear(event);
  for (const data of early) onmessage({ data });
}

// Not awaited here: the messages wait until this script has run.
start().catch((error) => fail(error.code ?? "internal", error.code ? error.message : `the engine cannot start: ${error.message}`));
