// The sound at hand: its pictures, where it plays, what of it is selected, and its downloads.
import * as api from "./api.js";
import { $, make, notice, setIcon } from "./dom.js";
import { drawOverlay, drawPeaks, drawSpectrum, peaksOf } from "./drawing.js";
import { Player } from "./player.js";
import { recall, remember } from "./store.js";

export const player = new Player();
export const PEAKS = 1200; // as many as the widest waveform has points

const NARROW = matchMedia("(max-width: 820px)"); // the form is above the sound, which may be out of sight
const FINE_SECONDS = 0.05, COARSE_SECONDS = 0.5;
const DRAG_PIXELS = 4; // less is a click
const BEATS_PER_BAR = 4;
const SLOWEST = 20, FASTEST = 400; // BPM that a grid may have, as in soundlet/tempo.py

let sound = null; // of the history
let wanted = null; // the sound that was asked for last, which may not be read yet
let other = null; // what it is compared with
let buffers = new Map(); // decoded, by id: the last few
let anchor; // where the selection began
let onShown = () => {};
let onFavourite = () => {};

export const current = () => sound;

export function setUp({ whenShown, whenFavourite }) {
  onShown = whenShown;
  onFavourite = whenFavourite;
  player.onChange = showState;
  player.loops = recall("loops", false);
  $("grid").checked = recall("grid", true);
  $("play").addEventListener("click", () => player.toggle());
  $("loop").addEventListener("click", toggleLoop);
  $("grid").addEventListener("change", () => { remember("grid", $("grid").checked); drawMarks(); });
  $("favourite").addEventListener("click", () => onFavourite(sound));
  $("download").addEventListener("click", (event) => { event.preventDefault(); save($("format").value); });
  $("download").addEventListener("dragstart", dragOut);
  $("region-clear").addEventListener("click", () => select(null));
  $("side-a").addEventListener("click", () => turn("a"));
  $("side-b").addEventListener("click", () => turn("b"));
  $("compare-end").addEventListener("click", () => compare(null));
  setUpPointer();
  $("views").addEventListener("keydown", onViewKey);
  new ResizeObserver(draw).observe($("views"));
  const tick = () => { if (player.isPlaying) { drawMarks(); showTime(); } requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}

/** The samples of a sound's file. */
export async function bufferOf(one) {
  if (!buffers.has(one.id)) {
    buffers.set(one.id, await player.decode(await one.blob.arrayBuffer()));
    if (buffers.size > 8) buffers.delete(buffers.keys().next().value);
  }
  return buffers.get(one.id);
}

export async function measure(blob) {
  const buffer = await player.decode(await blob.arrayBuffer());
  return { buffer, peaks: peaksOf(buffer, PEAKS) };
}

/** Put a sound on the stage; false after saying that it cannot be, or where another was asked for meanwhile. */
export async function show(one, { plays = false, keepsPlace = false } = {}) {
  wanted = one;
  let buffer;
  try {
    buffer = await bufferOf(one);
  } catch {
    notice("This sound cannot be played", "This browser has lost its samples. Delete it, and make it again by its prompt and seed.");
    return false;
  }
  if (one !== wanted) return false;
  sound = one;
  $("empty").hidden = true;
  $("deck").hidden = false;
  player.load(buffer, { keepsPlace });
  if (!keepsPlace) player.loops = one.made?.unit === "bars" || one.operation === "loop" || recall("loops", false);
  const { request, sound: facts } = one;
  $("stage-title").textContent = request.prompt;
  const turned = facts.gain_db ? `turned down ${-facts.gain_db} dB` : "";
  $("stage-facts").textContent = [`${facts.seconds.toFixed(2)} s`, `seed ${request.seed}`, `${request.steps} steps`, one.model, turned].filter(Boolean).join(" · ");
  $("grid").parentElement.hidden = !tempoOf(one);
  showRegion();
  draw();
  showState();
  if (!other) $("compare").hidden = true;
  onShown(one);
  if (plays) player.play(keepsPlace ? undefined : 0);
  if (plays && NARROW.matches && !document.activeElement?.matches("textarea, input")) $("stage").scrollIntoView();
  return true;
}

export function tempoOf(one) {
  const said = /(\d+(?:\.\d+)?)\s*bpm/i.exec(one?.request.prompt ?? "");
  const tempo = one?.request.bpm || one?.made?.tempo || Number(said?.[1]);
  return tempo >= SLOWEST && tempo <= FASTEST ? tempo : 0;
}

const beat = () => (tempoOf(sound) ? 60 / tempoOf(sound) : 0);

/** Compare the sound at hand with another one; null ends it. */
export async function compare(one) {
  other = one && sound && one.id !== sound.id ? { a: sound, b: one } : null;
  $("compare").hidden = !other;
  if (!other) return;
  $("side-a").querySelector("span").textContent = other.a.request.prompt;
  $("side-b").querySelector("span").textContent = other.b.request.prompt;
  mark("a");
  await turn("b");
  if (!player.isPlaying) player.play();
}

async function turn(side) {
  if (other && (await show(other[side], { keepsPlace: true }))) mark(side);
}

/** Say which of the two is heard. */
function mark(side) {
  $("side-a").setAttribute("aria-pressed", String(side === "a"));
  $("side-b").setAttribute("aria-pressed", String(side === "b"));
}

/** To the other of the two that are compared. */
export const flip = () => turn($("side-a").getAttribute("aria-pressed") === "true" ? "b" : "a");

export function toggleLoop() {
  player.setLoop(!player.loops);
  remember("loops", player.loops);
}

export async function save(format) {
  const one = sound;
  try {
    const blob = format === "wav" ? one.blob : await api.audio(one.id, format);
    const link = make("a", { href: URL.createObjectURL(blob), download: fileName(one, format) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  } catch (refusal) {
    notice(`No ${format.toUpperCase()} of this sound`, `${refusal.message} This browser has it as WAV.`);
  }
}

export function fileName(one, format) {
  const text = one.request.prompt.normalize("NFKC").toLowerCase();
  const words = (text.match(/[\p{L}\p{N}](?:(?!\p{Variation_Selector})[\p{L}\p{N}\p{Mn}\p{Mc}])*/gu) ?? []).join("-");
  return `${words.slice(0, 60).replace(/-$/, "") || "sound"}_${one.request.seed}.${format}`;
}

/** Dragged out of the page it is a file: Chromium takes an address for that, others the link. */
function dragOut(event) {
  const format = $("format").value;
  const address = new URL(api.audioPath(sound.id, format), location.href).href;
  event.dataTransfer.setData("DownloadURL", `audio/${format}:${fileName(sound, format)}:${address}`);
  event.dataTransfer.setData("text/uri-list", address);
  event.dataTransfer.effectAllowed = "copy";
}

function snapped(seconds) {
  const held = Math.max(0, Math.min(seconds, player.duration));
  if (!beat() || !$("grid").checked) return held;
  const line = Math.round(held / (beat() / 4)) * (beat() / 4);
  return Math.abs(line - held) < beat() / 16 ? Math.min(line, player.duration) : held;
}

/** Select a region, which began at one of its ends; null selects nothing. */
export function select(region, from) {
  const isSound = region && region[1] - region[0] > 0.01;
  player.setRegion(isSound ? region : null);
  showRegion(from);
  drawMarks();
}

function showRegion(from = player.region?.[0]) {
  anchor = from;
  $("region").hidden = !player.region;
  if (!player.region) return;
  const [first, last] = player.region;
  $("region-told").textContent = `${first.toFixed(2)} to ${last.toFixed(2)} s selected`;
}

function setUpPointer() {
  const views = $("views");
  let from = null;
  const at = (event) => {
    const box = views.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * player.duration;
  };
  views.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    from = { x: event.clientX, time: at(event), isDrag: false };
    views.setPointerCapture(event.pointerId);
  });
  views.addEventListener("pointermove", (event) => {
    if (!from) return;
    from.isDrag ||= Math.abs(event.clientX - from.x) > DRAG_PIXELS;
    if (!from.isDrag) return;
    const ends = [snapped(from.time), snapped(at(event))].sort((a, b) => a - b);
    from.region = ends;
    drawMarks(ends);
  });
  views.addEventListener("pointerup", (event) => {
    if (!from) return;
    if (from.isDrag) select(from.region, snapped(from.time));
    else {
      if (player.region) select(null);
      player.seek(at(event));
    }
    from = null;
  });
  views.addEventListener("pointercancel", () => { from = null; drawMarks(); });
}

function onViewKey(event) {
  const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  if (event.key === "Escape" && player.region) {
    select(null);
  } else if (event.key in moves && !event.ctrlKey && !event.metaKey) {
    const size = event.altKey ? FINE_SECONDS : beat() && $("grid").checked ? beat() : COARSE_SECONDS;
    const edge = event.shiftKey && player.region ? (anchor === player.region[0] ? player.region[1] : player.region[0]) : player.position;
    const target = Math.max(0, Math.min(player.duration, edge + moves[event.key] * size));
    if (event.shiftKey) {
      if (!player.region) anchor = player.position;
      select([Math.min(anchor, target), Math.max(anchor, target)], anchor);
    } else {
      player.seek(target);
    }
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

export function draw() {
  if (!sound || !buffers.has(sound.id)) return;
  drawPeaks($("wave"), sound.peaks);
  drawSpectrum($("spectrum"), buffers.get(sound.id));
  drawMarks();
}

function drawMarks(region = player.region) {
  drawOverlay($("overlay"), {
    duration: player.duration, position: player.position, region,
    beat: $("grid").checked ? beat() : 0, beatsPerBar: BEATS_PER_BAR,
  });
}

function showTime() {
  const told = `${player.position.toFixed(2)} / ${player.duration.toFixed(2)} s`;
  $("time").textContent = told;
  $("views").setAttribute("aria-valuemax", player.duration.toFixed(2));
  $("views").setAttribute("aria-valuenow", player.position.toFixed(2));
  $("views").setAttribute("aria-valuetext", `${player.position.toFixed(2)} of ${player.duration.toFixed(2)} seconds`);
}

function showState() {
  setIcon($("play"), player.isPlaying ? "pause" : "play");
  $("play").setAttribute("aria-label", player.isPlaying ? "Pause" : "Play");
  $("loop").setAttribute("aria-pressed", String(player.loops));
  $("favourite").setAttribute("aria-pressed", String(Boolean(sound?.favourite)));
  showTime();
  drawMarks();
}
