// The page: its parts put together, the keys, and the server's state.
import * as api from "./api.js";
import * as composer from "./composer.js";
import { $, hideNotice, make, notice, setIcon, toast } from "./dom.js";
import * as history from "./history.js";
import * as pending from "./pending.js";
import * as prompts from "./prompts.js";
import * as stage from "./stage.js";
import { recall, remember } from "./store.js";
import * as tools from "./tools.js";

const CHECK_SECONDS = { well: 20, unwell: 2 };
const THEMES = ["system", "light", "dark"];

const KEYS = [
  ["Enter", "make the sound (in the prompt)"],
  ["Space", "play or pause"],
  ["L", "loop"],
  ["← →", "move; with Shift select, with Alt finely"],
  ["Esc", "clear the selection"],
  ["J / K", "next or previous sound of the history"],
  ["C", "compare with the sound before it; then switch between A and B"],
  ["F", "favourite"],
  ["U", "use the settings of this sound"],
  ["D", "download"],
  ["P", "to the prompt"],
  ["?", "this list"],
];

async function create() {
  hideNotice();
  stage.player.wake();
  const wanted = composer.requests();
  if (!wanted) return;
  await Promise.all(wanted.map(({ operation, body, made }) => begin(operation, body, made)));
}

/** Start a job, and say what is wrong if it is not taken: by `fault(field, text)`, or if that is false at the top. */
async function begin(operation, body, made, prompt = body.prompt, fault = composer.fault) {
  try {
    await pending.start(operation, { body, made, prompt });
  } catch (refusal) {
    complain(refusal, fault);
  }
}

function complain(refusal, fault = composer.fault) {
  const text = refusal.message.replace(/, or ask for it to be cut .*$/, ""); // which the page cannot
  const isShown = refusal.field && fault(refusal.field, text) !== false;
  if (isShown) return;
  const isOffline = refusal.status === 0;
  if (isOffline) check();
  notice(isOffline ? "No answer from the server" : "That did not work", text);
}

async function arrived({ id, made, operation }, { isOurs }) {
  const [record, blob] = [await api.look(id), await api.audio(id, "wav")];
  const { peaks } = await stage.measure(blob);
  const sound = {
    id, operation, made, blob, peaks, model: record.model, request: record.request, sound: record.sound,
    settings: record.settings, created: record.created, favourite: false,
  };
  sound.request.seed = record.sound.seed;
  await history.add(sound);
  toast(`Ready: ${sound.request.prompt}`);
  if (isOurs && made?.from && made.from === stage.current()?.id) return stage.compare(sound);
  const plays = isOurs && composer.autoplays() && !stage.player.isPlaying;
  if (plays || !stage.current()) await stage.show(sound, { plays });
}

function failed({ prompt }, problem) {
  notice(`“${prompt}” failed`, problem.detail);
}

function setUpTheme() {
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    $("theme").setAttribute("aria-label", theme === "system" ? "Colours: as the system" : `Colours: ${theme}`);
    $("theme").title = $("theme").getAttribute("aria-label");
    remember("theme", theme);
    stage.draw();
    history.redraw();
  };
  set(recall("theme", "system"));
  $("theme").addEventListener("click", () => set(THEMES[(THEMES.indexOf(recall("theme", "system")) + 1) % THEMES.length]));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => set(recall("theme", "system")));
}

function setUpKeys() {
  $("keys").append(...KEYS.flatMap(([key, meaning]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, meaning)]));
  $("help").addEventListener("click", () => $("shortcuts").showModal());
  const step = async (by) => {
    const sound = history.neighbour(by);
    if (sound) await stage.show(sound, { plays: true });
  };
  const actions = {
    " ": () => stage.player.toggle(),
    l: stage.toggleLoop,
    j: () => step(1),
    k: () => step(-1),
    c: () => ($("compare").hidden ? stage.compare(history.neighbour(1)) : stage.flip()),
    f: () => favourite(stage.current()),
    u: () => composer.reuse(stage.current()),
    d: () => stage.save($("format").value),
    Escape: () => stage.select(null),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target;
    const isTyping = target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range])");
    if (isTyping) return;
    if (event.key === "?") $("shortcuts").showModal();
    else if (event.key.toLowerCase() === "p") $("prompt").focus();
    else if (event.key === " " && target.matches("button, a, summary, input")) return;
    else {
      const action = actions[event.key] ?? actions[event.key.toLowerCase()];
      if (!action || !stage.current()) return;
      action();
    }
    event.preventDefault();
  });
}

async function favourite(sound) {
  await history.setFavourite(sound, !sound.favourite);
  $("favourite").setAttribute("aria-pressed", String(sound.favourite));
}

function start({ parts, repeats }) {
  composer.setParts(parts);
  composer.setUnit(repeats ? "bars" : "seconds");
  $("prompt").value = parts.text;
  create();
}

function showIdeas() {
  $("ideas").replaceChildren(...prompts.examples().map((idea) =>
    make("button", { type: "button", className: "chip idea", title: idea.about, onclick: () => start(idea) }, idea.prompt)));
}

async function surprise() {
  try {
    start(await prompts.surprise());
  } catch (refusal) {
    complain(refusal);
  }
}

let isKnown = false;
let nextCheck;

/** Ask how the server is, now and from now on; fetch its models when it is there. */
async function check() {
  const { ready, said, isOffline } = await api.isReady();
  try {
    if (!isKnown && !isOffline) {
      setModels(await api.models());
      await prompts.load();
      showIdeas();
      isKnown = true;
    }
  } catch { /* asked again soon */ }
  $("server").textContent = ready ? "Ready" : isOffline ? "The server does not answer" : `Not ready: ${said}`;
  $("server").classList.toggle("bad", !ready);
  clearTimeout(nextCheck); // of a check that was under way
  nextCheck = setTimeout(check, 1000 * (ready && isKnown ? CHECK_SECONDS.well : CHECK_SECONDS.unwell));
}

function setModels({ models, operations }) {
  composer.setModels(models, operations);
  tools.allow(operations);
}

async function main() {
  composer.setUp();
  stage.setUp({
    whenShown: (sound) => { history.setCurrent(sound.id); tools.fill(sound); },
    whenFavourite: favourite,
  });
  tools.setUp(begin);
  $("form").addEventListener("submit", (event) => { event.preventDefault(); create(); });
  $("reuse").addEventListener("click", () => composer.reuse(stage.current()));
  $("surprise").addEventListener("click", surprise);
  setUpKeys();
  check();
  const sounds = await history.setUp({ onShow: (sound, plays) => stage.show(sound, { plays }), onCompare: stage.compare });
  setUpTheme();
  pending.setUp({ whenDone: arrived, whenFailed: failed });
  if (sounds.length) await stage.show(sounds[0]);
}

main();
