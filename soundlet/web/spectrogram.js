// Spectrogram frames to stereo sound, as soundlet/spectrogram.py does it.

import { Fourier } from "./fft.js";
import { MersenneTwister } from "./random.js";

const FLOOR = Math.fround(10 ** (-90 / 20));
const HIGHEST_LEVEL = 2;
const TINY = 1e-12;
const MOMENTUM = Math.fround(0.99);

/**
 * @param {Float32Array} frames (features, n) in rows.
 * @param {{n_fft: number, hop_length: number, n_bands: number, phase_iterations: number}} form
 * @returns {Float32Array[]} left and right, n * hop_length samples each.
 */
export function synthesise(frames, form) {
  const bins = form.n_fft / 2 + 1;
  const n = frames.length / (bins + 2 * form.n_bands);
  const magnitude = new Float32Array(n * bins);
  for (let k = 0; k < bins; k++) {
    for (let i = 0; i < n; i++) magnitude[i * bins + k] = toMagnitude(frames[k * n + i]);
  }
  const transform = new ShortTime(form, n);
  const phase = recoverPhase(magnitude, transform, form);
  const { re, im } = decorrelation(bins);
  const bandOf = bands(bins, form.n_bands);
  const clamp = (x) => Math.min(1, Math.max(-1, x));
  const spectra = [0, 1].map(() => ({ re: new Float32Array(n * bins), im: new Float32Array(n * bins) }));
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < bins; k++) {
      const balance = clamp(frames[(bins + bandOf[k]) * n + i]);
      const angle = Math.acos(clamp(frames[(bins + form.n_bands + bandOf[k]) * n + i])) / 2;
      const at = i * bins + k;
      const coreRe = magnitude[at] * phase.re[at];
      const coreIm = magnitude[at] * phase.im[at];
      for (const side of [0, 1]) {
        const sign = side === 0 ? 1 : -1;
        const gain = Math.sqrt(1 + sign * balance);
        const factorRe = (Math.cos(angle) + sign * Math.sin(angle) * re[k]) * gain;
        const factorIm = sign * Math.sin(angle) * im[k] * gain;
        spectra[side].re[at] = coreRe * factorRe - coreIm * factorIm;
        spectra[side].im[at] = coreRe * factorIm + coreIm * factorRe;
      }
    }
  }
  return spectra.map((spectrum) => transform.inverse(spectrum));
}

function toMagnitude(level) {
  const value = Math.exp((1 - Math.min(level, HIGHEST_LEVEL)) * Math.log(FLOOR)) - FLOOR;
  return Math.max(value, 0);
}

class ShortTime {
  constructor(form, n) {
    this.n = n;
    this.hop = form.hop_length;
    this.size = form.n_fft;
    this.bins = this.size / 2 + 1;
    this.edge = (this.size - this.hop) / 2;
    this.fourier = new Fourier(this.size);
    const hann = Float64Array.from(
      { length: this.size },
      (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / this.size),
    );
    const scale = 2 / hann.reduce((a, b) => a + b, 0);
    this.window = Float32Array.from(hann, (value) => value * scale);
    this.weight = new Float64Array((n - 1) * this.hop + this.size);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < this.size; j++) {
        this.weight[i * this.hop + j] += this.window[j] * this.window[j];
      }
    }
  }

  /** Samples of spectra {re, im} of (n, bins). */
  inverse({ re, im }) {
    const { n, hop, size, bins, edge, fourier, window } = this;
    const total = new Float32Array((n - 1) * hop + size);
    for (let i = 0; i < n; i += 2) {
      fourier.inverse((which, k) => {
        const at = (i + which) * bins + k;
        return i + which < n ? [re[at], im[at]] : [0, 0];
      });
      for (let j = 0; j < size; j++) {
        total[i * hop + j] += fourier.re[j] * window[j];
        if (i + 1 < n) total[(i + 1) * hop + j] += fourier.im[j] * window[j];
      }
    }
    const samples = new Float32Array(n * hop);
    for (let i = 0; i < samples.length; i++) samples[i] = total[edge + i] / this.weight[edge + i];
    return samples;
  }

  /** Spectra {re, im} of (n, bins) of samples. */
  forward(samples) {
    const { n, hop, size, bins, edge, fourier, window } = this;
    const re = new Float32Array(n * bins);
    const im = new Float32Array(n * bins);
    const at = (index) => (index >= 0 && index < samples.length ? samples[index] : 0);
    for (let i = 0; i < n; i += 2) {
      for (let j = 0; j < size; j++) {
        fourier.re[j] = at(i * hop + j - edge) * window[j];
        fourier.im[j] = i + 1 < n ? at((i + 1) * hop + j - edge) * window[j] : 0;
      }
      fourier.forward((which, k, real, imaginary) => {
        if (i + which >= n) return;
        re[(i + which) * bins + k] = real;
        im[(i + which) * bins + k] = imaginary;
      });
    }
    return { re, im };
  }
}

function recoverPhase(magnitude, transform, form) {
  const start = followPeaks(magnitude, transform.bins, form);
  const phase = { re: start.map(Math.cos), im: start.map(Math.sin) };
  const times = (part) => part.map((value, i) => value * magnitude[i]);
  let previous = { re: times(phase.re), im: times(phase.im) };
  for (let round = 0; round < form.phase_iterations; round++) {
    const target = { re: times(phase.re), im: times(phase.im) };
    const rebuilt = transform.forward(transform.inverse(target));
    for (let i = 0; i < magnitude.length; i++) {
      const re = rebuilt.re[i] + MOMENTUM * (rebuilt.re[i] - previous.re[i]);
      const im = rebuilt.im[i] + MOMENTUM * (rebuilt.im[i] - previous.im[i]);
      const length = Math.hypot(re, im) + TINY;
      phase.re[i] = re / length;
      phase.im[i] = im / length;
    }
    previous = rebuilt;
  }
  return phase;
}

/** Phases that advance from frame to frame at the frequency of the next peak. */
function followPeaks(magnitude, bins, form) {
  const n = magnitude.length / bins;
  const phase = new Float32Array(magnitude.length);
  const middle = new Float64Array(bins);
  const log = new Float32Array(bins);
  const offset = new Float32Array(bins);
  const nearest = new Int32Array(bins);
  const turn = (2 * Math.PI * form.hop_length) / form.n_fft;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < bins; k++) {
      log[k] = Math.log(Math.fround(magnitude[i * bins + k] + Math.fround(1e-7)));
    }
    let below = 0;
    for (let k = 0; k < bins; k++) {
      if (isPeak(log, k)) below = k;
      nearest[k] = below;
      const inside = k > 0 && k < bins - 1;
      const curvature = inside ? Math.fround(Math.fround(log[k - 1] - Math.fround(2 * log[k])) + log[k + 1]) : -1;
      offset[k] = inside
        ? Math.fround(0.5 * Math.fround(log[k - 1] - log[k + 1])) / Math.min(curvature, Math.fround(-1e-6))
        : 0;
    }
    let above = bins - 1;
    for (let k = bins - 1; k >= 0; k--) {
      if (isPeak(log, k)) above = k;
      if (!(k - nearest[k] <= above - k)) nearest[k] = above;
    }
    for (let k = 0; k < bins; k++) {
      const frequency = nearest[k] + Math.min(0.5, Math.max(-0.5, offset[nearest[k]]));
      const advance = turn * frequency;
      middle[k] += advance;
      phase[i * bins + k] = middle[k] - advance / 2 - Math.PI * (k - nearest[k]);
    }
  }
  return phase;
}

const isPeak = (log, k) =>
  k > 0 && k < log.length - 1 && log[k] >= log[k - 1] && log[k] > log[k + 1];

/** The band of each bin, equally wide on the Bark scale. */
function bands(bins, count) {
  const bark = Float64Array.from({ length: bins }, (_, k) => {
    const position = (k / (bins - 1)) * 22.05;
    return 13 * Math.atan(0.76 * position) + 3.5 * Math.atan((position / 7.5) ** 2);
  });
  return Array.from(bark, (value) =>
    Math.min(Math.trunc((value / bark[bins - 1]) * count), count - 1),
  );
}

/** A fixed phase a bin, slowly winding, that makes the diffuse part unlike the direct one. */
function decorrelation(bins) {
  const random = new MersenneTwister(7);
  const turns = Array.from({ length: Math.floor(bins / 8) + 2 }, () => random.double() - 0.5);
  const re = new Float32Array(bins);
  const im = new Float32Array(bins);
  for (let k = 0; k < bins; k++) {
    const whole = Math.floor(k / 8);
    const next = turns[Math.min(whole + 1, turns.length - 1)];
    const turn = 2 * Math.PI * (turns[whole] + (next - turns[whole]) * (k / 8 - whole));
    re[k] = -Math.sin(turn);
    im[k] = Math.cos(turn);
  }
  return { re, im };
}
