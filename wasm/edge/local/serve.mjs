// ./build.sh edge: the edge Worker on this machine, its bucket filled with the demo models.
import { start, upload, TOKEN } from "./host.mjs";

const port = Number(process.env.PORT ?? 8787);
const { url, mf, stop } = await start({ port });
await upload(mf);
console.log(`edge Worker at ${url}
  curl ${url}/v2/models/leaf
  curl --data-binary @web/static/models/leaf/2.0.0/demo/bean_rust.jpg ${url}/v2/models/leaf/classify
  curl -H 'Authorization: Bearer ${TOKEN}' ${url}/control/models`);
// workerd is a child process: without dispose it would stay and keep the port.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stop().then(() => process.exit(0)));
