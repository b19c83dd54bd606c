// The command line.
import { parseArgs } from "node:util";

const PHASES = ["latency", "first", "size", "memory"];
const MORE_PHASES = ["load"]; // only where they are asked for

export const usage = `options:
  --models LIST     squeezenet1_1,mobilenetv2,mobilenetv2_int8,mobilenetv2_dynamic,efficientnet_b0,resnet18,
                    resnet50,resnet50_int8,bert_tiny,minilm_l6,vit_tiny (default: all); leaf: of Larder's demo
  --engines LIST    larder,larder-compiled,ort,tfjs,litert (default: all; the first one is compared with the others)
  --threads LIST    such as 1,2 (default: 1)
  --phases LIST     ${PHASES.join(",")} (default: all);
                    ${MORE_PHASES.join(",")}: Larder's loads as ONNX and compiled
  --together        the runs of all models take turns too, not only those of the engines
  --runs N          timed runs of each engine and model (default: 30)
  --warmup N        untimed runs before them (default: 5)
  --visits N        page loads for the first prediction, and for load; the first is the cold one (default: 3)
  --many N          runs between two readings of the memory (default: 20)
  --encoding E      identity or br: how files are sent (default: identity)
  --timeout SEC     how long one step may take (default: 300)
  --out FILE        where the results go (default: .build/bench/results.json)`;

/** Reads the options, or throws an Error that says what is wrong with them. */
export function readOptions(args, known) {
  const number = (name, least) => {
    const n = Number(values[name]);
    if (!Number.isInteger(n) || n < least) throw new Error(`--${name} ${values[name]}: want a whole number from ${least}`);
    return n;
  };
  const list = (name, all) => {
    const picked = values[name].split(",").map((s) => s.trim()).filter(Boolean);
    const strange = picked.find((s) => !all.includes(s));
    if (strange !== undefined) throw new Error(`--${name}: no ${strange}; there are ${all.join(", ")}`);
    if (picked.length === 0) throw new Error(`--${name}: the list is empty`);
    return [...new Set(picked)];
  };
  const text = (value) => ({ type: "string", default: value });
  const { values } = parseArgs({
    args,
    options: {
      models: text(known.models.join(",")),
      engines: text(known.engines.join(",")),
      threads: text("1"),
      together: { type: "boolean", default: false },
      phases: text(PHASES.join(",")),
      runs: text("30"),
      warmup: text("5"),
      visits: text("3"),
      many: text("20"),
      encoding: text("identity"),
      timeout: text("300"),
      out: text(known.out),
    },
  });
  return {
    models: list("models", [...known.models, "leaf"]),
    engines: list("engines", known.engines),
    threads: list("threads", ["1", "2", "3", "4", "5", "6", "7", "8"]).map(Number),
    phases: list("phases", [...PHASES, ...MORE_PHASES]),
    together: values.together,
    runs: number("runs", 1),
    warmup: number("warmup", 0),
    visits: number("visits", 2),
    many: number("many", 1),
    encoding: list("encoding", ["identity", "br"])[0],
    timeout: number("timeout", 1),
    out: values.out,
  };
}
