// Drives one engine through its adapter (see the README), in the page or in a worker.

const WIDTH = 224, HEIGHT = 224, CHANNELS = 3;

// picture returns the pseudo-random input that all engines get, in both orders.
function picture() {
  const area = WIDTH * HEIGHT;
  const nchw = numbers({ dims: [CHANNELS * area] });
  const nhwc = new Float32Array(CHANNELS * area);
  for (let c = 0; c < CHANNELS; c++) for (let i = 0; i < area; i++) nhwc[i * CHANNELS + c] = nchw[c * area + i];
  return { nchw, nhwc, nchwShape: [1, CHANNELS, HEIGHT, WIDTH], nhwcShape: [1, HEIGHT, WIDTH, CHANNELS] };
}

// integers returns the pseudo-random words, the ones and the zeros of an input of text.
function integers({ dims, below, ones = 0 }) {
  const list = new BigInt64Array(dims.reduce((a, b) => a * b, 1));
  for (let i = 0, state = 54321; i < list.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    list[i] = BigInt(below ? (state >>> 8) % below : i < ones ? 1 : 0);
  }
  return list;
}

// numbers returns pseudo-random numbers between -1 and 1.
function numbers({ dims }) {
  const list = new Float32Array(dims.reduce((a, b) => a * b, 1));
  for (let i = 0, state = 12345; i < list.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    list[i] = (state >>> 8) / 8388608 - 1;
  }
  return list;
}

/** All that engines may want as input: the picture in both orders, and the feeds of the ONNX file. */
function makeInput(ports) {
  const input = picture();
  const feed = ({ name, type, dims, ...how }) => ({ name, type, dims, data: type === "int64" ? integers({ dims, ...how }) : numbers({ dims }) });
  input.feeds = ports?.map(feed) ?? [{ name: "input", type: "float32", dims: input.nchwShape, data: input.nchw }];
  return input;
}

export function makeHost(engine, { model, inputs, threads, navigation }) {
  let made = null;
  const input = () => (made ??= makeInput(inputs));
  let current = null;

  async function get(file, form) {
    const response = await fetch(`/models/${file}`);
    if (!response.ok) throw new Error(`${file}: status ${response.status}`);
    return response[form]();
  }

  async function download() {
    if (!engine.file) return {};
    const [bytes, graph] = await Promise.all([get(engine.file(model), engine.form ?? "arrayBuffer"), engine.graph && get(engine.graph(model), "json")]);
    return { bytes, graph };
  }

  return {
    /** Loads the runtime. */
    load: () => engine.load({ threads }),

    /** Downloads the model and makes it ready. What was downloaded is not kept. */
    async create() {
      current = await engine.create({ ...(await download()), model, input: input(), threads });
    },

    /**
     * Does everything that stands before a first prediction, runtime and model at the
     * same time. The times are milliseconds since the page's navigation. The input is
     * made while both are on their way, as a picture would be.
     */
    async first() {
      const now = () => performance.timeOrigin + performance.now() - navigation;
      const times = { start: now() };
      const runtime = Promise.resolve(engine.load({ threads })).then(() => (times.runtime = now()));
      const files = download().then((files) => (engine.file && (times.model = now()), files));
      setTimeout(input); // when the requests of both are sent
      const [ready] = await Promise.all([files, runtime]);
      current = await engine.create({ ...ready, model, input: input(), threads });
      times.ready = now();
      await current.run();
      times.first = now();
      return times;
    },

    /** Removes a package from where an earlier page has stored it. */
    forget: (name) => engine.forget(name),

    /**
     * Loads a package, or for null a file that was downloaded before, and runs it. Returns how many milliseconds both
     * took, and where it came from.
     */
    async take(name) {
      const files = name === null ? await download() : null;
      const start = performance.now();
      current = name === null ? await engine.create({ ...files, model, input: input(), threads }) : await engine.take(name, input());
      const loaded = performance.now();
      await current.run();
      return { ms: loaded - start, first: performance.now() - loaded, source: current.source };
    },

    /** Runs the model and returns how many milliseconds each run took. */
    async run(count) {
      const list = [];
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        await current.run();
        list.push(performance.now() - start);
      }
      return list;
    },

    /** Runs the model and returns what it computes. */
    scores: async () => Array.from(await current.run()),

    async dispose() {
      await current.dispose();
      current = null;
    },
  };
}
