// The page that classifies text: loads the model "language" and asks it about what
// stands in the text field.
import { open } from "../larder.js";

const SHOWN = 5; // classes in the table
const byId = (id) => document.getElementById(id);
const field = byId("text");
const percent = (p) => `${(100 * p).toFixed(1)}\u00a0%`;

/** Shows one of the states of the card, and nothing else. */
function show(id) {
  for (const state of ["problem", "loading", "idle", "result"]) byId(state).hidden = state !== id;
  byId("verdict").setAttribute("aria-busy", String(id === "loading"));
}

function fail(error) {
  byId("problem-text").textContent = `${error.message} (${error.code ?? "internal"})`;
  show("problem");
}

function progress({ phase, loaded, total }) {
  byId("loading-text").textContent = { download: "Downloading the model", verify: "Checking the model" }[phase] ?? "Preparing the model";
  const bar = byId("loading-bar");
  if (total > 0) [bar.max, bar.value] = [total, loaded];
  else bar.removeAttribute("value");
}

function row({ label, display, probability }, top) {
  const tr = document.createElement("tr");
  tr.dataset.top = String(top);
  const name = Object.assign(document.createElement("th"), { scope: "row", textContent: display ?? label });
  const meter = Object.assign(document.createElement("meter"), { min: 0, max: 1, value: probability, textContent: percent(probability) });
  meter.setAttribute("aria-label", name.textContent);
  const bar = Object.assign(document.createElement("td"), { className: "bar" });
  bar.append(meter);
  tr.append(name, bar, Object.assign(document.createElement("td"), { className: "figure", textContent: percent(probability) }));
  return tr;
}

function answer({ classes, unknown, model }) {
  const best = classes[0];
  const name = best.display ?? best.label;
  byId("answer").textContent = unknown ? "Not recognised" : name;
  byId("sure").textContent = unknown
    ? `This may be a language that the model does not know, or too little text. The closest is ${name} with ${percent(best.probability)}.`
    : `The model gives this language ${percent(best.probability)}.`;
  byId("result").dataset.unknown = String(unknown);
  byId("classes").replaceChildren(...classes.slice(0, SHOWN).map((c, i) => row(c, i === 0 && !unknown)));
  byId("by").textContent = `Answered by ${model.name} ${model.version}.`;
  byId("status").textContent = unknown ? "Not recognised." : `${name}, ${percent(best.probability)}.`;
  show("result");
}

const larder = await open().catch(fail);
const model = await larder?.load("language", { onProgress: progress }).catch(fail);

// One question at a time: while one is under way, only the newest text waits.
let asking = false;
async function ask() {
  if (asking || !model) return;
  asking = true;
  for (let text; text !== field.value; ) {
    text = field.value;
    if (text.trim() === "") {
      byId("status").textContent = "";
      show("idle");
      continue;
    }
    try {
      answer(await model.predict(text));
    } catch (error) {
      fail(error);
    }
  }
  asking = false;
}

field.addEventListener("input", ask);
for (const button of document.querySelectorAll("[data-text]")) {
  button.addEventListener("click", () => {
    field.value = button.dataset.text;
    field.focus();
    ask();
  });
}
ask();

// Whoever comes here first gets the whole site for use without a network.
navigator.serviceWorker?.register(new URL("../sw.js", import.meta.url), { updateViaCache: "none" }).catch(() => {});
