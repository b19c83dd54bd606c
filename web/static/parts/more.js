// The rest of the program: functions that most visits never call (operators of rare
// models, for the most part). The program asks for them in the middle of a call, so
// they are loaded while it stands still. The service worker keeps the file, as it
// keeps the program, so this works without a network too.

const rest = new URL("../assets/worker-more.wasm", import.meta.url);

/** Why the program, or the rest of it, cannot be had; code as in larder.js. */
class StartError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** loadMore puts the rest into the program's function table. The program cannot go on where this throws. */
function loadMore(program) {
  const request = new XMLHttpRequest();
  request.open("GET", rest, false);
  request.responseType = "arraybuffer";
  try {
    request.send();
  } catch (cause) {
    throw new StartError("offline", `the rest of the engine cannot be loaded from ${rest}: ${cause.message}`);
  }
  if (request.status !== 200) {
    throw new StartError(request.status === 404 ? "not-found" : "offline", `the rest of the engine cannot be loaded from ${rest}: status ${request.status}`);
  }
  new WebAssembly.Instance(new WebAssembly.Module(request.response), { larder: program });
}
