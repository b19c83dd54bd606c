// The server of the benchmark (serve/), with a memory of what it was asked for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Starts the server. folders: {larder, peers, models, pages}. The result has
 * url, requested(), which lists and forgets the paths that were asked for, heard() and stop().
 */
export async function startServer(program, folders, encoding) {
  const args = Object.entries(folders).flatMap(([name, folder]) => [`-${name}`, folder]);
  if (encoding === "identity") args.push("-identity");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`the server ended with status ${code}`);
  });
  failed.catch(() => {}); // also when it is stopped on purpose
  const [url] = await Promise.race([once(lines, "line"), failed]);
  let paths = [];
  lines.on("line", (line) => paths.push(line));
  return {
    url,
    /** The server names a path before it answers, so a question of our own comes after all others. */
    async requested() {
      const mark = "/mark";
      const seen = new Promise((resolve) => {
        const look = (line) => line === mark && (lines.off("line", look), resolve());
        lines.on("line", look);
      });
      await (await fetch(url + mark)).arrayBuffer();
      await Promise.race([seen, failed]);
      const list = paths.filter((line) => line !== mark);
      paths = [];
      return list;
    },
    /** Resolves to what follows a beginning, of the next path that has it: so a page tells something. */
    heard(beginning) {
      const told = new Promise((resolve) => {
        const look = (line) => line.startsWith(beginning) && (lines.off("line", look), resolve(line.slice(beginning.length)));
        lines.on("line", look);
      });
      return Promise.race([told, failed]);
    },
    stop: () => child.kill("SIGTERM"),
  };
}
