// The page: a form, and the clips that were made.

import { wavFile } from "./wav.js";

const find = (id) => document.getElementById(id);
const worker = new Worker("./worker.js", { type: "module" });
const gpu = new URLSearchParams(location.search).has("webgpu") && "gpu" in navigator;
const MAX_STEM = 60, MAX_STEM_BYTES = 120; // characters of a file's name, as in soundlet/naming.py

window.clips = []; // what was made, for scripts: {request, rate, took, channels, latents}

function say(message, share = null) {
  find("status").textContent = message;
  find("progress").hidden = share === null;
  if (share !== null) find("progress").value = share;
}

function busy(is) {
  find("make").disabled = is;
}

const on = {
  progress: ({ what, share }) => say(what, share),

  ready({ facts }) {
    find("model").textContent = `${facts.name}: ${facts.description}`;
    find("seconds").max = facts.maxSeconds;
    find("seconds").value = facts.defaults.seconds;
    say("ready");
    busy(false);
  },

  error({ message }) {
    say(`error: ${message}`);
    find("status").className = "error";
    busy(!find("model").textContent);
  },

  clip(clip) {
    window.clips.push(clip);
    say(`made in ${clip.took.toFixed(1)} s`);
    show(clip);
    busy(false);
  },
};

worker.addEventListener("message", ({ data }) => on[data.kind](data));
worker.addEventListener("error", (event) => on.error({ message: event.message || "worker.js, or a script that it needs, cannot be loaded" }));
worker.postMessage({ kind: "load", gpu });

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const seed = find("seed").value === "" ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(find("seed").value);
  find("status").className = "";
  busy(true);
  const request = { prompt: find("prompt").value, seconds: Number(find("seconds").value), seed };
  worker.postMessage({ kind: "generate", request });
});

function show({ request, rate, channels }) {
  const entry = find("clip").content.cloneNode(true);
  entry.querySelector("h2").textContent = request.prompt;
  entry.querySelector("p").textContent = `${request.seconds} s, seed ${request.seed}`;
  const url = URL.createObjectURL(wavFile(channels, rate));
  entry.querySelector("audio").src = url;
  const link = entry.querySelector("a");
  link.href = url;
  link.download = fileName(request);
  const canvas = entry.querySelector("canvas");
  find("clips").prepend(entry);
  draw(canvas, channels);
}

function fileName({ prompt, seed }) {
  const text = prompt.normalize("NFKC").toLowerCase().normalize("NFC");
  const words = (text.match(/[\p{L}\p{N}](?:(?!\p{Variation_Selector})[\p{L}\p{N}\p{Mn}\p{Mc}])*/gu) ?? []).join("-");
  const bytes = new TextEncoder().encode([...words].slice(0, MAX_STEM).join(""));
  const stem = new TextDecoder().decode(bytes.subarray(0, MAX_STEM_BYTES), { stream: true }); // drops a part of a character
  return `${stem.replace(/-$/, "") || "sound"}_${seed}.wav`;
}

/** The loudest and softest sample of each column. */
function draw(canvas, channels) {
  const ratio = devicePixelRatio;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  const brush = canvas.getContext("2d");
  brush.fillStyle = getComputedStyle(canvas).color;
  const row = canvas.height / channels.length;
  channels.forEach((channel, c) => {
    const step = channel.length / canvas.width;
    for (let x = 0; x < canvas.width; x++) {
      let low = 0;
      let high = 0;
      for (let i = Math.floor(x * step); i < (x + 1) * step && i < channel.length; i++) {
        low = Math.min(low, channel[i]);
        high = Math.max(high, channel[i]);
      }
      const top = row * (c + 0.5 - high / 2);
      brush.fillRect(x, top, 1, Math.max(1, ((high - low) / 2) * row));
    }
  });
}
