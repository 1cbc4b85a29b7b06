// The model in the browser: from a prompt to samples, as soundlet/pipeline.py does it.

import { Generator } from "./random.js";
import { sample } from "./sampling.js";
import { synthesise } from "./spectrogram.js";
import { Tokenizer } from "./tokenizer.js";

const PARTS = ["conditioners", "dit", "decoder"];
const MANIFEST = "manifest.json";
const CONFIG = "model_config.json";
const TOKENIZER = "spiece.model";
const WEIGHTS = "model.safetensors";
const REMEDY = "put the whole folder on its server again, then load the page again";
const RISE_SAMPLES = 48, FADE_SECONDS = 0.005;
const PEAK_AFTER_SCALING = 10 ** (-1 / 20);

export class Model {
  /**
   * @param {string} folder where the bundle is served.
   * @param {object} ort ONNX Runtime Web.
   * @param {string[]} providers of ONNX Runtime, the preferred first.
   * @param {(what: string, share: number) => void} onProgress share is 0 to 1.
   */
  static async load(folder, ort, providers, onProgress) {
    const model = new Model();
    model.ort = ort;
    model.manifest = read(await fetched(folder + MANIFEST), folder + MANIFEST);
    const { files } = model.manifest;
    const file = async (name, onBytes) => {
      const bytes = await fetched(folder + name, onBytes);
      await checkWhole(bytes, files[name], folder + name);
      return bytes;
    };
    model.config = read(await file(CONFIG), folder + CONFIG);
    const total = files[WEIGHTS].size;
    const weights = await file(WEIGHTS, (n) => onProgress("loading the model", n / total));
    const text = model.config.model.conditioning.configs.find((entry) => entry.type === "t5");
    model.tokenizer = new Tokenizer(await file(TOKENIZER), text.config.max_length);
    model.sessions = {};
    for (const [i, part] of PARTS.entries()) {
      onProgress("preparing the model", i / PARTS.length);
      const options = { executionProviders: providers, externalData: [{ path: WEIGHTS, data: weights }] };
      const created = ort.InferenceSession.create(await file(`${part}.onnx`), options);
      model.sessions[part] = await created.catch((error) => {
        if (error.message.startsWith("no available backend")) runtimeFailed(error);
        throw error;
      });
    }
    return model;
  }

  get sampleRate() {
    return this.config.sample_rate;
  }

  get hop() {
    return this.config.model.pretransform.config.downsampling_ratio;
  }

  get maxSeconds() {
    return this.config.sample_size / this.sampleRate;
  }

  /** The same to be told: in thousandths, and no longer than it is. */
  get maxSecondsTold() {
    return Math.floor(this.maxSeconds * 1000) / 1000;
  }

  /**
   * @param {{prompt: string, seconds: number, seed: number, steps?: number}} request
   * @param {(step: number, steps: number) => void} onStep
   * @returns {Promise<{channels: Float32Array[], latents: Float32Array}>}
   */
  async generate({ prompt, seconds, seed, steps }, onStep) {
    if (!prompt.trim()) throw new Error("say what it should sound like");
    if (!(seconds > 0 && seconds <= this.maxSeconds)) {
      throw new Error(`seconds must be above 0 and at most ${this.maxSecondsTold}`);
    }
    if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
      throw new Error(`seed must be a whole number from 0 to ${2 ** 32 - 1}`);
    }
    const { Tensor } = this.ort;
    const { defaults } = this.manifest;
    const { ids, mask } = this.tokenizer.encode(prompt);
    const told = await this.sessions.conditioners.run({
      input_ids: new Tensor("int64", ids, [1, ids.length]),
      attention_mask: new Tensor("int64", mask, [1, mask.length]),
      seconds: new Tensor("float32", [seconds], [1]),
    });
    const samples = Math.max(1, roundedToEven(seconds * this.sampleRate));
    const frames = this.#framesFor(samples);
    const channels = this.config.model.io_channels;
    const generator = new Generator(seed);
    const noise = () => generator.randn(channels * frames);
    const plain = async (x, t, cond) => {
      const { velocity } = await this.sessions.dit.run({
        x: new Tensor("float32", x, [1, channels, frames]),
        t: new Tensor("float32", [t], [1]),
        cross_attn_cond: cond,
        global_cond: told.global_cond,
      });
      return velocity.data;
    };
    const zeros = told.cross_attn_cond.data.map(() => 0);
    const untold = new Tensor("float32", zeros, told.cross_attn_cond.dims);
    const scale = Math.fround(defaults.cfg_scale);
    const velocity = async (x, t) => {
      const wanted = await plain(x, t, told.cross_attn_cond);
      if (scale === 1) return wanted;
      const unwanted = await plain(x, t, untold);
      return wanted.map((value, i) => unwanted[i] + Math.fround((value - unwanted[i]) * scale));
    };
    const count = steps ?? defaults.steps;
    const latents = await sample(defaults.sampler, velocity, noise(), {
      steps: count,
      noise,
      onStep: (done) => onStep(done, count),
    });
    const audio = await this.#decode(latents, channels, frames);
    const cut = samples < frames * this.hop;
    const kept = audio.map((channel) => finished(channel.slice(0, samples), cut, this.sampleRate));
    return { channels: toLevel(kept), latents };
  }

  #framesFor(samples) {
    const most = Math.floor(this.config.sample_size / this.hop);
    if (this.manifest.length === "fixed") return most;
    const patch = this.config.model.diffusion.config.patch_size ?? 1;
    const frames = Math.ceil(samples / this.hop) + this.manifest.margin_frames;
    return Math.min(Math.ceil(frames / patch) * patch, most);
  }

  async #decode(latents, channels, frames) {
    const { Tensor } = this.ort;
    const outputs = await this.sessions.decoder.run({
      latents: new Tensor("float32", latents, [1, channels, frames]),
    });
    const [name] = this.sessions.decoder.outputNames;
    const { data } = outputs[name];
    if (name === "spectrogram") {
      return synthesise(data, this.config.model.pretransform.config.decoder.config).map(risen);
    }
    const length = frames * this.hop;
    return [0, 1].map((c) => data.slice(c * length, (c + 1) * length));
  }
}

/** With recovered phases a sound would begin by a click: its first millisecond rises from silence. */
function risen(channel) {
  for (let i = 0; i < Math.min(RISE_SAMPLES, channel.length); i++) {
    channel[i] *= 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / RISE_SAMPLES);
  }
  return channel;
}

/** A clip cut out of a longer one ends in 5 ms of fading, against a click. */
function finished(channel, isCut, rate) {
  if (!isCut) return channel;
  const fade = Math.min(Math.round(FADE_SECONDS * rate), channel.length >> 1);
  for (let i = 0; i < fade; i++) channel[channel.length - fade + i] *= 1 - i / (fade - 1 || 1);
  return channel;
}

function toLevel(channels) {
  let peak = 0;
  for (const channel of channels) for (const value of channel) peak = Math.max(peak, Math.abs(value));
  if (!Number.isFinite(peak)) throw new Error("the model made samples that are not numbers: try another seed");
  if (peak < 1e-4) throw new Error("the sound is silent: try another seed or prompt");
  const gain = peak > 1 ? Math.fround(PEAK_AFTER_SCALING / peak) : 1;
  return channels.map((channel) => channel.map((value) => value * gain));
}

/** As Python rounds: halves go to the even neighbour. */
function roundedToEven(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** Throws what is wrong where a file of ONNX Runtime is missing or not whole. */
export function runtimeFailed({ message }) {
  throw new Error(`ONNX Runtime cannot be started (${message}): ${REMEDY}`);
}

/** Throws if a file is not the one that the manifest lists. */
async function checkWhole(bytes, { size, sha256 }, url) {
  if (bytes.length !== size) throw new Error(`${url} has ${bytes.length} bytes, not ${size}: ${REMEDY}`);
  if (!crypto.subtle) return; // the page is neither of this machine nor encrypted
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) throw new Error(`${url} has changed since the model was made: ${REMEDY}`);
}

function read(bytes, url) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Error(`${url} is damaged: ${REMEDY}`);
  }
}

async function fetched(url, onBytes = () => {}) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} cannot be loaded (${response.status}): ${REMEDY}`);
  const pieces = [];
  let size = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    onBytes((size += value.length));
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
