// Starts the Go program that owns the models. The build puts Go's loader
// (wasm_exec.js), which defines Go, in front of this script.
//
// The program answers the messages of larder.js. If it cannot start, or ends,
// the page is told why by {failed: {code, message}}, and the worker closes.

const program = new URL("../assets/worker.wasm", import.meta.url);

function fail(code, message) {
  postMessage({ failed: { code, message } });
  close();
}

class StartError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function compile(imports) {
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
  if (response.headers.get("content-type")?.startsWith("application/wasm")) {
    return WebAssembly.instantiateStreaming(response, imports);
  }
  return WebAssembly.instantiate(await response.arrayBuffer(), imports);
}

// An exception inside a callback leaves the program in a state that nobody knows.
addEventListener("error", (event) => fail("internal", `the engine broke: ${event.message}`));
addEventListener("unhandledrejection", (event) => fail("internal", `the engine broke: ${event.reason?.message ?? event.reason}`));

try {
  const go = new Go();
  let code = 0;
  go.exit = (n) => { code = n; };
  const { instance } = await compile(go.importObject);
  go.run(instance).then(() => fail("internal", `the engine ended with code ${code}; the console has its last words`));
} catch (error) {
  fail(error.code ?? "internal", error.code ? error.message : `the engine cannot start: ${error.message}`);
}
