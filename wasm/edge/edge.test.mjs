// The edge Worker in the real runtime (workerd), against the golden values of the leaf models.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { MODELS, TOKEN, start, upload } from "./local/host.mjs";

const TESTDATA = path.resolve(MODELS, "../../../model/testdata");
const golden = async (model, version) => JSON.parse(await readFile(path.join(TESTDATA, model, version, "golden.json")));
const picture = (name) => readFile(path.join(TESTDATA, "demo", name));
const jpeg = (name) => readFile(path.join(MODELS, "leaf/2.0.0/demo", name));

// The file of each package is the one with the best download for equal accuracy.
const SHIPPED = { "leaf 1.0.0": "model.onnx", "leaf 1.1.0": "model.onnx", "leaf 2.0.0": "model-fp16w.onnx", "leaf-small 1.0.0": "model-fp16w.onnx" };

let edge;
const get = (route) => fetch(edge.url + route);
const post = (route, body, headers = {}) => fetch(edge.url + route, { method: "POST", body, headers });
const json = async (response, status = 200) => {
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text);
};

describe("registry in R2", () => {
  before(async () => {
    edge = await start();
    await upload(edge.mf);
  });
  after(() => edge.stop());

  test("simultaneous first requests are all answered", async () => {
    const body = await jpeg("healthy.jpg");
    const answers = await Promise.all(Array.from({ length: 8 }, () => post("/v2/models/leaf-small/classify", body).then(json)));
    for (const answer of answers) assert.equal(answer.label, "healthy");
  });

  test("health", async () => {
    assert.deepEqual(await json(await get("/v2/health/live")), { live: true });
    assert.deepEqual(await json(await get("/v2/health/ready")), { ready: true });
    assert.deepEqual(await json(await get("/v2/models/leaf/ready")), { name: "leaf", ready: true });
  });

  test("metadata", async () => {
    assert.equal((await json(await get("/v2"))).name, "larder");
    const leaf = await json(await get("/v2/models/leaf"));
    assert.deepEqual(leaf.versions, ["1.0.0", "1.1.0", "2.0.0"]);
    assert.deepEqual(leaf.inputs, [{ name: "image", datatype: "FP32", shape: [-1, 3, 224, 224] }]);
    assert.deepEqual(leaf.outputs.map((o) => o.name), ["logits", "features"]);
    assert.deepEqual((await json(await get("/v2/models/leaf/versions/1.0.0"))).versions, ["1.0.0"]);
  });

  for (const [id, file] of Object.entries(SHIPPED)) {
    const [model, version] = id.split(" ");
    test(`${id}: lossless pictures give the golden input, logits and probabilities`, async () => {
      const { images, classes } = await golden(model, version);
      const manifest = JSON.parse(await readFile(path.join(MODELS, model, version, "manifest.json")));
      const { temperature, unknownThreshold } = manifest.outputs[0];
      for (const [name, want] of Object.entries(images)) {
        const answer = await json(
          await post(`/v2/models/${model}/versions/${version}/classify?include=input,logits`, await picture(name.replace(".jpg", ".png"))),
        );
        assert.equal(answer.model_version, version);
        const input = Float32Array.from(answer.input.data);
        assert.equal(createHash("sha256").update(new Uint8Array(input.buffer)).digest("hex"), want.input_sha256, name);
        const logits = want.logits_onnxruntime[file];
        answer.logits.data.forEach((value, i) => assert.ok(Math.abs(value - logits[i]) <= 1e-3, `${name}: logit ${i} is ${value}, want ${logits[i]}`));
        const exp = logits.map((value) => Math.exp(value / temperature));
        const p = exp.map((value) => value / exp.reduce((a, b) => a + b));
        for (const { label, probability } of answer.classes) {
          const i = classes.indexOf(label);
          assert.ok(Math.abs(probability - p[i]) <= 1e-3, `${name}: ${label} ${probability}, want ${p[i]}`);
        }
        assert.equal(answer.label, want.predicted);
        assert.equal(answer.unknown, Math.max(...p) < unknownThreshold, name);
      }
    });
  }

  test("photographs give the same label and nearly the same probabilities", async () => {
    const { images, classes } = await golden("leaf", "2.0.0");
    for (const [name, want] of Object.entries(images)) {
      const answer = await json(await post("/v2/models/leaf/classify", await jpeg(name)));
      assert.equal(answer.label, want.predicted);
      for (const { label, probability } of answer.classes) {
        assert.ok(Math.abs(probability - want.probabilities_calibrated[classes.indexOf(label)]) <= 0.02, `${name}: ${label} ${probability}`);
      }
    }
  });

  test("infer answers a tensor, flat or nested, with the outputs asked for", async () => {
    const { images } = await golden("leaf", "2.0.0");
    const { input, logits } = await json(await post("/v2/models/leaf/classify?include=input,logits", await picture("bean_rust.png")));
    const ask = (data) =>
      post(
        "/v2/models/leaf/infer",
        JSON.stringify({ id: "42", inputs: [{ name: "image", shape: input.shape, datatype: "FP32", data }], outputs: [{ name: "logits" }] }),
      ).then(json);
    const plane = (c) => Array.from({ length: 224 }, (_, y) => input.data.slice((c * 224 + y) * 224, (c * 224 + y + 1) * 224));
    for (const data of [input.data, [[plane(0), plane(1), plane(2)]]]) {
      const answer = await ask(data);
      assert.equal(answer.id, "42");
      assert.equal(answer.model_name, "leaf");
      assert.equal(answer.model_version, "2.0.0");
      assert.deepEqual(answer.outputs, [{ name: "logits", datatype: "FP32", shape: [1, 3], data: logits.data }]);
    }
    const want = images["bean_rust.jpg"].logits_onnxruntime["model-fp16w.onnx"];
    logits.data.forEach((value, i) => assert.ok(Math.abs(value - want[i]) <= 1e-3));
  });

  describe("bad requests are answered plainly and the Worker lives on", () => {
    const infer = (request) => ["/v2/models/leaf/infer", JSON.stringify(request)];
    const input = { name: "image", shape: [1, 3, 224, 224], datatype: "FP32", data: [1, 2, 3] };
    const cases = {
      "unknown model": [404, /leef/, "/v2/models/leef/infer", "{}"],
      "unknown version": [404, /9\.9\.9/, "/v2/models/leaf/versions/9.9.9/infer", "{}"],
      "unknown path": [404, /no such path/, "/v2/models/leaf/explain", "{}"],
      "not JSON": [400, /JSON/, "/v2/models/leaf/infer", "hello"],
      "no inputs": [400, /no inputs/, ...infer({ inputs: [] })],
      "too few elements": [400, /3 elements/, ...infer({ inputs: [input] })],
      "wrong name": [400, /"picture"/, ...infer({ inputs: [{ ...input, name: "picture", shape: [3] }] })],
      "wrong datatype": [400, /FP16|FP33/, ...infer({ inputs: [{ ...input, datatype: "FP33" }] })],
      "wrong shape": [400, /image/, ...infer({ inputs: [{ ...input, shape: [3] }] })],
      "empty picture": [400, /empty|no bytes|0 bytes/i, "/v2/models/leaf/classify", ""],
      "text as picture": [400, /not a picture/i, "/v2/models/leaf/classify", "I am no picture at all, I am a text."],
    };
    for (const [name, [status, text, route, body]] of Object.entries(cases)) {
      test(name, async () => {
        const { error } = await json(await post(route, body), status);
        assert.match(error, text);
      });
    }
    test("truncated picture", async () => {
      const whole = await jpeg("healthy.jpg");
      const { error } = await json(await post("/v2/models/leaf/classify", whole.subarray(0, whole.length / 2)), 400);
      assert.match(error, /truncated|incomplete|cut off|ends/i);
    });
    test("wrong method", async () => {
      const response = await get("/v2/models/leaf/infer");
      assert.equal(response.headers.get("allow"), "POST");
      await json(response, 405);
    });
    test("binary tensors", async () => {
      const response = await post("/v2/models/leaf/infer", "{}", { "inference-header-content-length": "2" });
      assert.match((await json(response, 400)).error, /binary/);
    });
    test("body over the limit", async () => {
      // Announced and not sent: the answer comes before the body, and who is still sending may lose it to a reset.
      const sent = request(edge.url + "/v2/models/leaf/infer", { method: "POST", headers: { "content-length": 17 << 20 } });
      sent.flushHeaders();
      const [response] = await once(sent, "response");
      const text = (await response.setEncoding("utf8").toArray()).join("");
      sent.on("error", () => {}).destroy();
      assert.equal(response.statusCode, 413, text);
      assert.match(JSON.parse(text).error, /larger than/);
    });
    test("a body that grows over the limit, of a length that nobody said", { timeout: 400_000 }, async () => {
      // One byte too many and no end: the answer comes when that byte does, while nothing else is on its way.
      const sent = request(edge.url + "/v2/models/leaf/infer", { method: "POST", headers: { "transfer-encoding": "chunked" } });
      const arrived = once(sent, "response");
      for (let left = (16 << 20) + 1; left > 0; left -= 1 << 20) {
        const piece = Buffer.alloc(Math.min(left, 1 << 20), " ");
        await new Promise((resolve) => sent.write(piece, resolve));
      }
      const [response] = await arrived;
      const text = (await response.setEncoding("utf8").toArray()).join("");
      sent.on("error", () => {}).destroy();
      assert.equal(response.statusCode, 413, text);
      assert.match(JSON.parse(text).error, /larger than/);
    });
    test("a body of just the limit is read, of a length that nobody said", async () => {
      const body = new Blob([Buffer.alloc(16 << 20, " ")]).stream();
      const response = await fetch(edge.url + "/v2/models/leaf/infer", { method: "POST", body, duplex: "half" });
      assert.match((await json(response, 400)).error, /JSON|EOF|empty/i);
    });
    after(async () => {
      assert.equal((await json(await post("/v2/models/leaf/classify", await jpeg("healthy.jpg")))).label, "healthy");
    });
  });

  test("texts, plain and as JSON, give the golden logits", async () => {
    const references = JSON.parse(await readFile(path.join(TESTDATA, "language/1.0.0/golden.json")));
    const route = "/v2/models/language/classify?include=logits";
    for (const { text, logits } of references) {
      const type = { "content-type": "application/json; charset=utf-8" };
      for (const answer of [await json(await post(route, text)), await json(await post(route, JSON.stringify({ text }), type))]) {
        answer.logits.data.forEach((value, i) => assert.ok(Math.abs(value - logits[i]) <= 1e-3, `${text}: logit ${i} is ${value}`));
      }
    }
    assert.match((await json(await post(route, new Uint8Array([0xff, 0xd8])), 400)).error, /UTF-8/);
  });

  test("the registry is served with ETag, If-None-Match and Range", async () => {
    const file = "/models/leaf/2.0.0/model.onnx";
    const bytes = await readFile(path.join(MODELS, "leaf/2.0.0/model.onnx"));
    const head = await fetch(edge.url + file, { method: "HEAD" });
    const etag = head.headers.get("etag");
    assert.equal(head.headers.get("content-length"), String(bytes.length));
    assert.match(etag, /^"/);
    assert.equal((await fetch(edge.url + file, { headers: { "if-none-match": etag } })).status, 304);
    const part = await fetch(edge.url + file, { headers: { range: "bytes=100-199", "if-range": etag } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get("content-range"), `bytes 100-199/${bytes.length}`);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
    const changed = await fetch(edge.url + file, { headers: { range: "bytes=100-199", "if-range": '"another"' } });
    assert.equal(changed.status, 200);
    assert.equal((await changed.arrayBuffer()).byteLength, bytes.length);
    assert.equal((await fetch(edge.url + file, { headers: { range: `bytes=${bytes.length}-` } })).status, 416);
    assert.equal((await get("/models/none.json")).status, 404);
  });

  test("an isolate stays within its memory", async () => {
    const response = await get("/v2/health/ready");
    const bytes = Number(response.headers.get("x-larder-memory-bytes"));
    assert.ok(bytes > 0 && bytes < 128 << 20, `${bytes} bytes of 128 MiB`);
  });
});

describe("control plane", () => {
  const order = (route, body, token = TOKEN) =>
    fetch(edge.url + "/control/" + route, {
      method: body === undefined ? "GET" : "POST",
      body: body && JSON.stringify(body),
      headers: { authorization: "Bearer " + token },
    });
  before(async () => {
    edge = await start({ indexTTL: "0" });
    for (const name of ["manifest.json", "model.onnx", "card.md", "ood.json"]) {
      const response = await fetch(`${edge.url}/control/objects/models/leaf-small/1.0.0/${name}`, {
        method: "PUT",
        body: await readFile(path.join(MODELS, "leaf-small/1.0.0", name)),
        headers: { authorization: "Bearer " + TOKEN },
      });
      assert.equal(response.status, 201, await response.text());
    }
  });
  after(() => edge.stop());

  test("callers need the token", async () => {
    await json(await order("models", undefined, "guess"), 401);
  });

  test("an incomplete version is not listed, a complete one answers at once", async () => {
    await json(await get("/v2/models/leaf-small/ready"), 404);
    assert.match((await json(await order("models/leaf-small/versions", { version: "1.0.0" }), 404)).error, /upload it first/);
    await upload(edge.mf); // the rest of the files; brings an index of its own
    await (await edge.mf.getR2Bucket("MODELS")).delete("models/index.json");
    await json(await order("models/leaf-small/versions", { version: "1.0.0" }));
    await json(await get("/v2/models/leaf-small/ready"));
  });

  test("an alias rolls a version out and back", async () => {
    for (const version of ["1.0.0", "2.0.0"]) await json(await order("models/leaf/versions", { version }));
    for (const version of ["1.0.0", "2.0.0", "1.0.0"]) {
      await json(await order("models/leaf/aliases", { alias: "latest", version }));
      const answer = await json(await post("/v2/models/leaf/versions/latest/classify", await jpeg("healthy.jpg")));
      assert.equal(answer.model_version, version);
    }
  });
});

describe("registry in static assets", () => {
  before(async () => {
    edge = await start({ assets: true });
  });
  after(() => edge.stop());

  test("classify", async () => {
    assert.equal((await json(await post("/v2/models/leaf/classify", await jpeg("bean_rust.jpg")))).label, "bean_rust");
  });
});

describe("compiled models", () => {
  const program = path.resolve(MODELS, "../../../.build/larder");
  const FORMS = ["f32", "f16"];
  let registry;

  // The weights of leaf 2.0.0 were 16-bit numbers before, so both forms must compute what the ONNX file does.
  async function addCompiled(form) {
    const version = path.join(MODELS, "leaf/2.0.0");
    const { inputs, outputs } = JSON.parse(await readFile(path.join(version, "manifest.json")));
    const { divisor, mean } = inputs[0].image.normalize;
    const { labels, temperature, unknownThreshold } = outputs[0];
    const training = { classes: labels.map((l) => l.id), temperature, unknown_threshold: unknownThreshold, input: { scale: 1 / divisor, offset: -mean[0] } };
    const file = path.join(registry, "labels.json");
    await writeFile(file, JSON.stringify(training));
    const args = ["add", path.join(version, "model.onnx"), "--name", `leaf-${form}`, "--version", "1.0.0", "--output", "logits"];
    await promisify(execFile)(program, [...args, "--labels", file, "--compile", form, "--registry", registry]);
    const manifest = JSON.parse(await readFile(path.join(registry, `leaf-${form}/1.0.0/manifest.json`)));
    assert.equal(manifest.model.format, "plan");
    await rm(file);
  }

  before(async () => {
    registry = await mkdtemp(path.join(os.tmpdir(), "larder-edge-"));
    await cp(MODELS, registry, { recursive: true });
    for (const form of FORMS) await addCompiled(form);
    edge = await start();
    await upload(edge.mf, registry);
  });
  after(async () => {
    await edge.stop();
    await rm(registry, { recursive: true, force: true });
  });

  for (const form of FORMS) {
    test(`${form} computes what the ONNX file computes`, async () => {
      const { images } = await golden("leaf", "2.0.0");
      for (const [name, want] of Object.entries(images)) {
        const body = await picture(name.replace(".jpg", ".png"));
        const ask = async (model) => json(await post(`/v2/models/${model}/classify?include=logits`, body));
        const [onnx, compiled] = [await ask("leaf"), await ask(`leaf-${form}`)];
        assert.equal(compiled.model_name, `leaf-${form}`);
        assert.equal(compiled.label, want.predicted, name);
        compiled.logits.data.forEach((value, i) => {
          assert.ok(Math.abs(value - want.logits_onnxruntime["model-fp16w.onnx"][i]) <= 1e-3, `${name}: logit ${i} is ${value}`);
          assert.ok(Math.abs(value - onnx.logits.data[i]) <= 1e-5, `${name}: logit ${i} is ${value}, ${onnx.logits.data[i]} from ONNX`);
        });
      }
    });
  }
});
