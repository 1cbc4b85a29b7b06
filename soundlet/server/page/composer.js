// The form: parts of the prompt, length, seed, variations; and the request that they make.
import { $, clearFaults, icon, make, setIcon, showFault } from "./dom.js";
import { recall, remember } from "./store.js";
import { NO_PARTS, promptOf, words } from "./prompts.js";

const MAX_SEED = 2 ** 32 - 1;
const USUAL_TEMPO = 120;
const BEATS_PER_BAR = 4;
const MOST_LOOP_SECONDS = 120; // a loop may be longer than the model's window
const TEMPOS = [60, 70, 80, 90, 100, 110, 120, 128, 140, 160, 174, 180];
const MANY_WORDS = 60; // more are easier to find by typing

const PARTS = [
  { name: "genre", label: "Genre", choices: () => ({ "": words.genre }), isOne: true },
  { name: "elements", label: "Elements", choices: () => words.elements },
  { name: "mood", label: "Mood", choices: () => words.mood },
  { name: "tempo", label: "Tempo" },
  { name: "key", label: "Key" },
];

let parts = { ...NO_PARTS, ...recall("parts", {}) };
let models = [];
let model = { max_seconds: 10, defaults: {} };
let operations = [];

const unit = () => document.querySelector("input[name=unit]:checked").value;
export const variations = () => Number(document.querySelector("input[name=variations]:checked").value);
export const isSeedKept = () => $("lock").getAttribute("aria-pressed") === "true";
export const autoplays = () => $("autoplay").checked;

export function setUp() {
  $("prompt").value = parts.text;
  $("prompt").addEventListener("input", () => setParts({ text: $("prompt").value }));
  $("prompt").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      $("form").requestSubmit();
    }
  });
  $("model").addEventListener("change", () => choose($("model").value));
  $("seconds-range").addEventListener("input", () => { $("seconds").value = $("seconds-range").value; clearFaults($("form")); });
  $("seconds").addEventListener("input", () => { $("seconds-range").value = $("seconds").value; clearFaults($("form")); });
  for (const radio of document.querySelectorAll("input[name=unit]")) radio.addEventListener("change", showLength);
  $("bars").addEventListener("change", showLength);
  $("dice").addEventListener("click", drawSeed);
  $("lock").addEventListener("click", () => {
    if (!isSeedKept() && !$("seed").value) drawSeed();
    keepSeed(!isSeedKept());
  });
  $("autoplay").checked = recall("autoplay", true);
  $("autoplay").addEventListener("change", () => remember("autoplay", autoplays()));
  setParts({});
}

/** What the server has: its models, the first of which is chosen, and its operations. */
export function setModels(served, known) {
  models = served;
  operations = known;
  $("model").replaceChildren(...models.map(({ name }) => make("option", { value: name }, name)));
  $("model-label").hidden = models.length < 2;
  choose(models[0].name);
}

/** Make sounds with the model of this name, if the server has it. */
function choose(name) {
  const found = models.find((one) => one.name === name);
  if (!found) return;
  model = found;
  $("model").value = name;
  const most = Math.floor(model.max_seconds * 10) / 10;
  $("seconds").min = 1 / model.sample_rate;
  $("seconds").max = model.max_seconds;
  $("seconds-range").max = most;
  if (!$("seconds").value) $("seconds").value = $("seconds-range").value = model.defaults.seconds;
  $("steps").placeholder = model.defaults.steps;
  $("cfg_scale").placeholder = model.defaults.cfg_scale;
  $("sampler").replaceChildren(
    make("option", { value: "" }, `as the model (${model.defaults.sampler})`),
    ...["pingpong", "euler", "rk4", "dpmpp", "pingpong-dpmpp"].map((name) => make("option", {}, name)),
  );
  showLength();
}

/** Change some parts of the prompt, and show them all. */
export function setParts(changed) {
  parts = { ...parts, ...changed };
  remember("parts", parts);
  if (document.activeElement !== $("prompt")) $("prompt").value = parts.text;
  $("chips").replaceChildren(...PARTS.map(chipOf));
  const prompt = promptOf(parts);
  const isBuilt = prompt !== parts.text.trim();
  $("preview").hidden = !isBuilt;
  $("preview").replaceChildren("Prompt: ", make("q", {}, prompt));
  clearFaults($("form"));
  showLength();
}

function chipOf({ name, label }) {
  const value = told(name);
  const chip = make("button", { type: "button", className: value ? "chip set" : "chip", id: `chip-${name}`, "aria-haspopup": "dialog" },
    value ? `${label}: ${value}` : `+ ${label}`);
  chip.addEventListener("click", () => pick(name));
  return chip;
}

function told(name) {
  const value = parts[name];
  if (name === "tempo") return value ? `${value} BPM` : "";
  return Array.isArray(value) ? value.join(", ") : value;
}

function pick(name) {
  const part = PARTS.find((one) => one.name === name);
  $("picker-title").textContent = part.label;
  const body = name === "tempo" ? tempoPicker() : name === "key" ? keyPicker() : wordPicker(part);
  const isKnown = words.genre.length > 0;
  $("picker-body").replaceChildren(...(isKnown ? body : [make("p", {}, "The words come from the server, which does not answer. Is soundlet serve still running?")]));
  $("picker").addEventListener("close", () => $(`chip-${name}`).focus(), { once: true });
  $("picker").showModal();
}

function choice(text, isOn, onclick) {
  return make("button", { type: "button", className: "chip idea", "aria-pressed": String(isOn), onclick }, text);
}

function wordPicker({ name, choices, isOne }) {
  const has = (word) => (isOne ? parts[name] === word : parts[name].includes(word));
  const groups = Object.entries(choices()).map(([title, known]) => make("section", {},
    ...(title ? [make("h3", {}, title)] : []),
    make("div", { className: "chips" }, ...known.map((word) => choice(word, has(word), (event) => {
      if (isOne) {
        setParts({ [name]: has(word) ? "" : word });
        $("picker").close();
      } else {
        setParts({ [name]: has(word) ? parts[name].filter((other) => other !== word) : [...parts[name], word] });
        event.currentTarget.setAttribute("aria-pressed", String(has(word)));
        $("picker-clear").disabled = parts[name].length === 0;
      }
    })))));
  return [...filterRow(groups), ...groups, clearRow(() => setParts({ [name]: isOne ? "" : [] }), parts[name].length > 0)];
}

/** A field that hides the words it does not match, where there are many. */
function filterRow(groups) {
  const chips = groups.flatMap((group) => [...group.querySelectorAll(".chip")]);
  if (chips.length <= MANY_WORDS) return [];
  const field = make("input", { type: "search", placeholder: "Find a word", "aria-label": "Find a word" });
  field.addEventListener("input", () => {
    const sought = field.value.trim().toLowerCase();
    for (const chip of chips) chip.hidden = !chip.textContent.toLowerCase().includes(sought);
    for (const group of groups) group.hidden = ![...group.querySelectorAll(".chip")].some((chip) => !chip.hidden);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return; // which would close the dialog
    event.preventDefault();
    chips.find((chip) => !chip.hidden)?.click();
  });
  return [field];
}

function tempoPicker() {
  const [slowest, fastest] = words.tempo;
  const number = make("input", { type: "number", min: slowest, max: fastest, step: 1, value: parts.tempo || "", "aria-label": "Beats per minute" });
  number.addEventListener("input", () => setParts({ tempo: Number(number.value) || 0 }));
  const taps = [];
  const tap = make("button", { type: "button", onclick: () => {
    taps.push(performance.now());
    if (taps.length > 1 && taps.at(-1) - taps.at(-2) > 2000) taps.splice(0, taps.length - 1);
    if (taps.length < 3) return;
    const beat = (taps.at(-1) - taps[0]) / (taps.length - 1);
    number.value = Math.round(60000 / beat);
    setParts({ tempo: Number(number.value) });
  } }, "Tap");
  const row = make("div", { className: "row" }, number, "BPM", tap);
  const usual = make("div", { className: "chips" }, ...TEMPOS.filter((tempo) => tempo >= slowest && tempo <= fastest).map((tempo) => choice(`${tempo}`, parts.tempo === tempo, () => {
    setParts({ tempo });
    $("picker").close();
  })));
  return [row, usual, clearRow(() => setParts({ tempo: 0 }), parts.tempo > 0)];
}

function keyPicker() {
  const rows = ["minor", "major"].flatMap((mode) => [
    make("h3", {}, mode === "minor" ? "Minor" : "Major"),
    make("div", { className: "chips" }, ...(words.tonics[mode] ?? []).map((root) => choice(root, parts.key === `${root} ${mode}`, () => {
      setParts({ key: `${root} ${mode}` });
      $("picker").close();
    }))),
  ]);
  return [...rows, clearRow(() => setParts({ key: "" }), parts.key !== "")];
}

function clearRow(run, isThere) {
  const clear = make("button", { type: "button", id: "picker-clear", disabled: !isThere, onclick: () => { run(); $("picker").close(); } }, "Clear");
  return make("div", { className: "row" }, clear, make("span", { className: "grow" }), make("button", { className: "primary" }, "Done"));
}

function showLength() {
  const isBars = unit() === "bars";
  $("seconds-row").hidden = isBars;
  $("bars-row").hidden = !isBars;
  $("seamless-row").hidden = !isBars || !operations.includes("loop");
  const tempo = parts.tempo || USUAL_TEMPO;
  $("bars-told").textContent = `of 4/4 at ${tempo} BPM = ${seconds().toFixed(2)} s`;
}

/** Ask for whole bars or for seconds. */
export function setUnit(name) {
  document.querySelector(`input[name=unit][value=${name}]`).checked = true;
  showLength();
}

function isLoop() {
  return unit() === "bars" && operations.includes("loop") && $("seamless").checked;
}

function seconds() {
  if (unit() === "seconds") return Number($("seconds").value);
  return (Number($("bars").value) * BEATS_PER_BAR * 60) / (parts.tempo || USUAL_TEMPO);
}

function drawSeed() {
  $("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
  clearFaults($("form"));
}

function keepSeed(isKept) {
  $("lock").setAttribute("aria-pressed", String(isKept));
  $("lock").setAttribute("aria-label", isKept ? "Seed is kept; draw a new one each time" : "Keep the seed");
  setIcon($("lock"), isKept ? "lock" : "unlock");
}

/** The requests that the form asks for, one a variation; null after showing what is wrong with it. */
export function requests() {
  clearFaults($("form"));
  if (unit() === "bars" && !parts.tempo) setParts({ tempo: USUAL_TEMPO });
  const prompt = promptOf(parts);
  if (!prompt) return fault("prompt", "Say what it should sound like, or pick some of the parts below.");
  const length = seconds();
  if (!(length > 0)) return fault("seconds", "Give a length above 0.");
  if (length > (isLoop() ? MOST_LOOP_SECONDS : model.max_seconds)) {
    const most = (isLoop() ? MOST_LOOP_SECONDS : model.max_seconds).toFixed(2);
    return fault("seconds", unit() === "bars"
      ? `These bars are ${length.toFixed(2)} s long; this model makes up to ${most} s: fewer bars, or a faster tempo.`
      : `This model makes up to ${most} s.`);
  }
  if (!isSeedKept()) drawSeed();
  const seed = Number($("seed").value);
  if (!$("seed").value || !Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) return fault("seed", `A whole number from 0 to ${MAX_SEED}.`);
  for (const [name, kind] of [["steps", "Steps: a whole number"], ["cfg_scale", "Guidance: a number"]]) {
    const { validity, min, max } = $(name);
    if (!validity.valid) return fault(name, `${kind} from ${min} to ${max}; empty for the model's own.`);
  }
  const given = { model: model.name, prompt };
  if (isLoop()) Object.assign(given, { bpm: parts.tempo, bars: Number($("bars").value), beats_per_bar: BEATS_PER_BAR });
  else given.seconds = length;
  for (const name of ["steps", "cfg_scale"]) if ($(name).value) given[name] = Number($(name).value);
  for (const name of ["sampler", "negative_prompt"]) if ($(name).value.trim()) given[name] = $(name).value.trim();
  const made = { parts, unit: unit(), bars: unit() === "bars" ? Number($("bars").value) : null };
  const operation = isLoop() ? "loop" : "generate";
  return Array.from({ length: variations() }, (_, i) => ({ operation, body: { ...given, seed: (seed + i) % (MAX_SEED + 1) }, made }));
}

/** Show a fault of a field, where it is; false if there is no place for it. */
export function fault(field, text) {
  const name = ["steps", "sampler", "cfg_scale", "negative_prompt"].includes(field) ? "advanced" : field;
  const place = $(`${name}-error`);
  if (!place) return false;
  if (name === "advanced") $("advanced").open = true;
  showFault($(field), place, text);
  return null;
}

/** Fill the form with what made a sound. */
export function reuse({ operation, model: name, request, made, sound }) {
  choose(name);
  keepSeed(true);
  $("seed").value = request.seed;
  const isOurs = Boolean(made?.parts);
  document.querySelector(`input[name=unit][value=${isOurs ? made.unit : "seconds"}]`).checked = true;
  if (isOurs && made.bars) {
    $("bars").value = made.bars;
    $("seamless").checked = operation === "loop";
  }
  $("seconds").value = $("seconds-range").value = Math.min(request.seconds ?? Number(sound.seconds.toFixed(4)), model.max_seconds);
  for (const name of ["steps", "sampler", "cfg_scale", "negative_prompt"]) $(name).value = request[name] ?? "";
  setParts(isOurs ? { ...made.parts } : { ...NO_PARTS, text: request.prompt });
  $("prompt").value = parts.text;
  $("prompt").focus();
}
