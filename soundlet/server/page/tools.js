// Edits of the sound at hand: a region made anew, more sound after it, another manner.
import { $, clearFaults, hideNotice, showFault } from "./dom.js";
import * as stage from "./stage.js";

const PANELS = ["edit", "region"];

let begin = () => {};

/** `start(operation, body, made, prompt, fault)` begins a job. */
export function setUp(start) {
  begin = start;
  $("inpaint").addEventListener("click", inpaint);
  $("region-prompt").addEventListener("keydown", (event) => { if (event.key === "Enter") inpaint(); });
  $("restyle").addEventListener("click", () => edit("restyle", { strength: Number($("strength").value) }));
  $("continue").addEventListener("click", continueOn);
  for (const panel of PANELS) $(panel).addEventListener("input", () => clearFaults($(panel)));
  $("strength").addEventListener("input", () => {
    const told = `${Math.round(100 * $("strength").value)} %`;
    $("strength-told").textContent = told;
    $("strength").setAttribute("aria-valuetext", told);
  });
}

/** Show only what the server can do. */
export function allow(operations) {
  $("inpaint").parentElement.hidden = !operations.includes("inpaint");
  $("edit").hidden = !operations.includes("restyle") || !operations.includes("outpaint");
}

/** Another sound is at hand. */
export function fill(sound) {
  $("edit-prompt").value = sound.request.prompt;
  $("region-prompt").value = "";
  for (const panel of PANELS) clearFaults($(panel));
}

function inpaint() {
  const { region, duration } = stage.player;
  if (!region) return;
  const regions = [[region[0], Math.min(region[1], duration)]];
  edit("inpaint", { regions }, "region");
}

function continueOn() {
  const { validity, value, min, max } = $("added");
  if (validity.valid) return edit("outpaint", { after: Number(value) });
  clear();
  fault("edit", "after", `Seconds to add: a number from ${min} to ${max}.`);
}

/** Take back what was said of the last edit. */
function clear() {
  hideNotice();
  for (const panel of PANELS) clearFaults($(panel));
}

/** Ask for an edit of the sound at hand, with the prompt of a panel. */
function edit(operation, fields, panel = "edit") {
  clear();
  const sound = stage.current();
  const asked = $(`${panel}-prompt`).value.trim() || sound.request.prompt;
  const form = new FormData();
  form.append("request", JSON.stringify({ model: sound.model, prompt: asked, ...fields }));
  form.append("audio", sound.blob, "sound.wav");
  begin(operation, form, { from: sound.id, tempo: stage.tempoOf(sound) }, asked, (field, text) => fault(panel, field, text));
}

/** Show a fault of a field in the panel that it was asked in; false if there is no place for it. */
function fault(panel, field, text) {
  const input = { prompt: $(`${panel}-prompt`), strength: $("strength"), after: $("added") }[field];
  if (!input?.checkVisibility()) return false;
  showFault(input, $(`${panel}-error`), text);
  return null;
}
