// Edits of the sound at hand: a region made anew, more sound after it, another manner.
import { $ } from "./dom.js";
import * as stage from "./stage.js";

let begin = () => {};

/** `start(operation, body, made, prompt)` begins a job. */
export function setUp(start) {
  begin = start;
  $("inpaint").addEventListener("click", inpaint);
  $("region-prompt").addEventListener("keydown", (event) => { if (event.key === "Enter") inpaint(); });
  $("restyle").addEventListener("click", () => edit("restyle", { strength: Number($("strength").value) }));
  $("continue").addEventListener("click", () => edit("outpaint", { after: Number($("added").value) || 4 }));
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
}

function inpaint() {
  const { region, duration } = stage.player;
  if (!region) return;
  const regions = [[region[0], Math.min(region[1], duration)]];
  edit("inpaint", { regions }, $("region-prompt").value);
}

function edit(operation, fields, prompt = $("edit-prompt").value) {
  const sound = stage.current();
  const asked = prompt.trim() || sound.request.prompt;
  const form = new FormData();
  form.append("request", JSON.stringify({ model: sound.model, prompt: asked, ...fields }));
  form.append("audio", sound.blob, "sound.wav");
  begin(operation, form, { from: sound.id, tempo: stage.tempoOf(sound) }, asked);
}
