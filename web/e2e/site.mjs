// A copy of dist/, served by Larder's own server behind a proxy that counts.
//
// The proxy is in the test's process, so that a request is counted before the
// browser sees its answer: a test that has seen an effect can rely on the figures.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const program = path.join(root, ".build", "larder");

// startSite serves a copy of dist/. Options: base, the path to serve it under; isolation: false leaves out COOP and
// COEP, as a plain static host does; push: true tells pages when models change; dist, another folder to copy (also by the environment variable LARDER_DIST).
export async function startSite({ base = "/", isolation = true, push = false, dist = process.env.LARDER_DIST ?? path.join(root, "dist") } = {}) {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), "larder-site-"));
  try {
    await fs.cp(dist, dir, { recursive: true });
    const server = await startServer(dir, base, isolation, push);
    const proxy = new Proxy(server.port);
    const port = await proxy.listen();
    return new Site({ dir, base, server, proxy, url: `http://127.0.0.1:${port}${base}` });
  } catch (error) {
    await fs.rm(dir, { recursive: true, force: true });
    throw error;
  }
}

// startServer starts `larder serve` on a free port and waits until it says where.
async function startServer(dir, base, isolation, push) {
  const args = ["serve", "--quiet", "--push", push ? "on" : "off", "--addr", "127.0.0.1:0", "--dir", dir, "--base", base];
  if (!isolation) args.push("--no-isolation");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const ended = new Promise((_, reject) => {
    child.once("error", (error) => reject(new Error(`${program} does not start (./build.sh test builds it): ${error.message}`)));
    child.once("exit", (code) => reject(new Error(`larder serve ended with status ${code}: ${said}`)));
  });
  ended.catch(() => {}); // also when the server is stopped on purpose
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
  const port = Number(/:(\d+)\//.exec(line)[1]);
  return { port, stop: () => stopChild(child) };
}

async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

// Proxy passes every request on unchanged, and keeps a record of it.
class Proxy {
  records = [];
  rules = [];
  #down = false;
  #sockets = new Set();
  #agent = new http.Agent({ keepAlive: true });
  #server = http.createServer((request, response) => this.#answer(request, response));

  constructor(target) {
    this.target = target;
    this.#server.on("connection", (socket) => {
      if (this.#down) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  async listen() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this.#server.address().port;
  }

  // down makes the host unreachable: open connections break, new ones are refused.
  down(yes) {
    this.#down = yes;
    if (yes) for (const socket of this.#sockets) socket.destroy();
  }

  async stop() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.down(true);
    this.#agent.destroy();
    await closed;
  }

  async #answer(request, response) {
    const record = {
      method: request.method,
      path: new URL(request.url, "http://host").pathname,
      range: request.headers.range ?? "",
      condition: request.headers["if-none-match"] ?? request.headers["if-range"] ?? "",
      status: 0,
      bytes: 0,
    };
    this.records.push(record);
    const rule = this.rules.find((rule) => rule.pattern.test(record.path));
    if (rule && (await rule.handle({ request, response, record }))) return;
    const onward = http.request({
      host: "127.0.0.1",
      port: this.target,
      agent: this.#agent,
      method: request.method,
      path: request.url,
      headers: request.headers,
    });
    onward.on("error", () => response.destroy());
    onward.on("response", (answer) => {
      record.status = answer.statusCode;
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.on("data", (piece) => (record.bytes += piece.length));
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }
}

class Site {
  #proxy;
  #server;
  #written = 0; // files

  constructor({ dir, base, url, server, proxy }) {
    Object.assign(this, { dir, base, url, port: server.port });
    this.#server = server;
    this.#proxy = proxy;
  }

  // traffic sums up the requests whose path below the base matches: how many, how many were answered 304, and how
  // many bytes of bodies went over the wire (compressed).
  traffic(pattern = /^/) {
    const list = this.requests(pattern);
    return {
      requests: list.length,
      notModified: list.filter((r) => r.status === 304).length,
      bytes: list.reduce((sum, r) => sum + r.bytes, 0),
    };
  }

  // requests lists {method, path, status, bytes, range, condition} in the order of arrival; path is below the base.
  requests(pattern = /^/) {
    return this.#proxy.records
      .filter((r) => r.path.startsWith(this.base))
      .map((r) => ({ ...r, path: r.path.slice(this.base.length) }))
      .filter((r) => pattern.test(r.path));
  }

  // forget starts counting anew.
  forget() {
    this.#proxy.records.length = 0;
  }

  // intercept calls handle({request, response, record}) for requests whose full path matches; when it returns true it
  // has answered, else the request goes on. Returns a function that takes the rule away.
  intercept(pattern, handle) {
    const rule = { pattern, handle };
    this.#proxy.rules.unshift(rule);
    return () => this.#proxy.rules.splice(this.#proxy.rules.indexOf(rule), 1);
  }

  // down makes the host unreachable, up reachable again.
  down() {
    this.#proxy.down(true);
  }
  up() {
    this.#proxy.down(false);
  }

  // write replaces a file of the site at once, so that nobody reads half of it; compressed forms of the old content go.
  async write(name, content) {
    const file = path.join(this.dir, name);
    const fresh = `${this.dir}.${++this.#written}`;
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.rm(file + ".br", { force: true });
    await fs.rm(file + ".gz", { force: true });
    await fs.writeFile(fresh, content);
    await fs.rename(fresh, file);
  }

  // edit passes a JSON document through change, which may alter it in place or return another one.
  async edit(name, change) {
    const document = JSON.parse(await fs.readFile(path.join(this.dir, name), "utf8"));
    const changed = (await change(document)) ?? document;
    await this.write(name, JSON.stringify(changed, null, 2) + "\n");
  }

  // publish adds a version of a model to the registry: a copy of another version, with change(manifest) applied and,
  // unless latest is false, the alias latest set to it.
  async publish(model, { from, version, latest = true, change = () => {} }) {
    const folder = (v) => path.join(this.dir, "models", model, v);
    await fs.cp(folder(from), folder(version), { recursive: true });
    await this.edit(`models/${model}/${version}/manifest.json`, (manifest) => {
      manifest.version = version;
      return change(manifest);
    });
    await this.edit("models/index.json", (index) => {
      index.models[model].versions.push(version);
      if (latest) index.models[model].aliases = { ...index.models[model].aliases, latest: version };
    });
  }

  async stop() {
    await this.#proxy.stop();
    await this.#server.stop();
    await fs.rm(this.dir, { recursive: true, force: true });
  }
}
