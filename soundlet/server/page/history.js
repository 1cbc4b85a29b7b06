// The list of what was made: played, kept, compared, thrown away.
import { $, icon, make, notice, toast } from "./dom.js";
import { drawPeaks } from "./drawing.js";
import * as store from "./store.js";

let sounds = [];
let current = "";
let shows = () => {};
let compares = () => {};
let isKept = true; // by this browser

export async function setUp({ onShow, onCompare }) {
  shows = onShow;
  compares = onCompare;
  $("only-favourites").addEventListener("change", render);
  $("search").addEventListener("input", render);
  $("clear").addEventListener("click", clear);
  $("history").addEventListener("keydown", onKey);
  try {
    sounds = await store.all();
  } catch {
    isKept = false;
    notice("Sounds are lost on reload", "This browser lets the page keep nothing. Download what you want to have.");
  }
  render();
  return sounds;
}

export const all = () => sounds;
export const find = (id) => sounds.find((sound) => sound.id === id);

/** Change what this browser keeps; false after saying what is not so because it cannot. */
async function keep(action, otherwise) {
  if (!isKept) return true;
  try {
    await action();
    return true;
  } catch {
    toast(`${otherwise}: this browser has no room left, or refuses.`);
    return false;
  }
}

export async function add(sound) {
  sounds = [sound, ...sounds.filter((other) => other.id !== sound.id)];
  const surplus = store.surplus(sounds);
  sounds = sounds.filter((other) => !surplus.includes(other));
  render();
  await keep(async () => {
    for (const old of surplus) await store.remove(old.id);
    await store.put(sound);
  }, "The newest sound is lost on reload");
}

export async function setFavourite(sound, isFavourite) {
  if (!(await keep(() => store.put({ ...sound, favourite: isFavourite }), "The star was not set"))) return;
  sound.favourite = isFavourite; // shown when it is kept
  putBack(sound); // it may have been deleted while it was on the stage
  render();
}

function putBack(...gone) {
  sounds = [...new Set([...sounds, ...gone])].sort((a, b) => b.created - a.created);
}

export function setCurrent(id) {
  current = id;
  for (const item of $("history").children) item.setAttribute("aria-current", String(item.dataset.id === id));
}

/** The sound before (-1) or after (1) the current one in the list. */
export function neighbour(step) {
  const shown = visible();
  const at = shown.findIndex((sound) => sound.id === current);
  return shown[Math.max(0, Math.min(shown.length - 1, at + step))];
}

function visible() {
  const wanted = $("search").value.trim().toLowerCase();
  return sounds.filter((sound) => (!$("only-favourites").checked || sound.favourite) && sound.request.prompt.toLowerCase().includes(wanted));
}

function render() {
  const shown = visible();
  const focused = document.activeElement?.closest?.(".item")?.dataset.id;
  const control = document.activeElement?.dataset?.control;
  $("history").replaceChildren(...shown.map(itemOf));
  $("history-empty").hidden = shown.length > 0;
  $("history-empty").textContent = sounds.length
    ? "No sound matches. Change the search, or show all."
    : "Sounds that you make stay here, in this browser, also after a reload.";
  $("clear").hidden = !sounds.some((sound) => !sound.favourite);
  for (const item of $("history").children) drawPeaks(item.querySelector("canvas"), find(item.dataset.id).peaks);
  if (focused) $("history").querySelector(`[data-id="${focused}"] [data-control="${control}"]`)?.focus();
}

export { render as redraw };

const KIND_WORDS = { generate: "", loop: "loop", inpaint: "region made anew", outpaint: "continued", restyle: "restyled" };

function itemOf(sound) {
  const { prompt, seed } = sound.request;
  const kind = KIND_WORDS[sound.operation] ?? sound.operation;
  const facts = [kind, `${sound.sound.seconds.toFixed(2)} s`, `seed ${seed}`, when(sound.created)].filter(Boolean).join(" · ");
  const open = make("button", { type: "button", className: "open", title: prompt, onclick: () => shows(sound, true) },
    make("span", { className: "words" }, prompt), make("small", {}, facts));
  open.dataset.control = "open";
  const tool = (control, name, label, run, more = {}) => {
    const button = make("button", { type: "button", className: "icon", "aria-label": label, title: label, onclick: run, ...more }, icon(name));
    button.dataset.control = control;
    return button;
  };
  const star = tool("star", "star", `Favourite: ${prompt}`, () => setFavourite(sound, !sound.favourite), { "aria-pressed": String(Boolean(sound.favourite)) });
  star.classList.add("star");
  const item = make("li", { className: "item", "aria-current": String(sound.id === current) },
    make("canvas", { "aria-hidden": "true" }), open,
    make("div", { className: "tools" }, star,
      tool("compare", "ab", `Compare with the current sound: ${prompt}`, () => compares(sound)),
      tool("remove", "trash", `Delete: ${prompt}`, () => remove(sound))));
  item.dataset.id = sound.id;
  return item;
}

function when(seconds) {
  const date = new Date(seconds * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : date.toLocaleDateString();
}

async function remove(sound) {
  const at = visible().indexOf(sound);
  sounds = sounds.filter((other) => other !== sound);
  await keep(() => store.remove(sound.id), "The sound is back after a reload");
  render();
  const next = visible()[at] ?? visible().at(-1);
  (document.querySelector(`[data-id="${next?.id}"] .open`) ?? $("search")).focus();
  toast("Deleted.", "Undo", async () => {
    putBack(sound);
    await keep(() => store.put(sound), "The sound is lost on reload");
    render();
  });
}

async function clear() {
  const gone = sounds.filter((sound) => !sound.favourite);
  sounds = sounds.filter((sound) => sound.favourite);
  await keep(() => Promise.all(gone.map((sound) => store.remove(sound.id))), "The sounds are back after a reload");
  render();
  toast(`Deleted ${gone.length} sounds; favourites stay.`, "Undo", async () => {
    putBack(...gone);
    await keep(() => Promise.all(gone.map(store.put)), "The sounds are lost on reload");
    render();
  });
}

/** Up and down move from sound to sound; Delete throws one away. */
function onKey(event) {
  const item = event.target.closest(".item");
  if (!item) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const other = event.key === "ArrowDown" ? item.nextElementSibling : item.previousElementSibling;
    other?.querySelector(".open").focus();
  } else if (event.key === "Delete") {
    event.preventDefault();
    remove(find(item.dataset.id));
  }
}
