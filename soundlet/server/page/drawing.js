// Pictures of a sound: its waveform, its spectrogram, and what is drawn over them.

const FFT_SIZE = 2048;
const FLOOR_DB = -85;
const LOWEST_HZ = 40;

/** The greatest and least sample of each of so many equal parts, over all channels: [low, high, low, high, ...]. */
export function peaksOf(buffer, count) {
  const peaks = new Float32Array(2 * count);
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    const samples = buffer.getChannelData(channel);
    for (let i = 0; i < count; i++) {
      const last = Math.floor(((i + 1) * samples.length) / count);
      for (let j = Math.floor((i * samples.length) / count); j < last; j++) {
        if (samples[j] < peaks[2 * i]) peaks[2 * i] = samples[j];
        else if (samples[j] > peaks[2 * i + 1]) peaks[2 * i + 1] = samples[j];
      }
    }
  }
  return peaks;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A canvas's pixels fitted to its size on the page; its context, in CSS pixels. */
function fitted(canvas) {
  const scale = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

export function drawPeaks(canvas, peaks) {
  const { context, width, height } = fitted(canvas);
  const count = peaks.length / 2;
  context.fillStyle = colour("--wave");
  for (let x = 0; x < width; x++) {
    let low = 0, high = 0;
    const last = Math.max(Math.floor(((x + 1) * count) / width), Math.floor((x * count) / width) + 1);
    for (let i = Math.floor((x * count) / width); i < last && i < count; i++) {
      low = Math.min(low, peaks[2 * i]);
      high = Math.max(high, peaks[2 * i + 1]);
    }
    const top = (1 - Math.min(high, 1)) * (height / 2), bottom = (1 - Math.max(low, -1)) * (height / 2);
    context.fillRect(x, top, 1, Math.max(bottom - top, 1));
  }
}

/** In-place radix-2 transform of `real` and `imaginary`. */
function transform(real, imaginary) {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const angle = (-2 * Math.PI) / size, half = size >> 1;
    for (let k = 0; k < half; k++) {
      const c = Math.cos(angle * k), s = Math.sin(angle * k);
      for (let i = k; i < n; i += size) {
        const j = i + half;
        const r = real[j] * c - imaginary[j] * s, m = real[j] * s + imaginary[j] * c;
        real[j] = real[i] - r;
        imaginary[j] = imaginary[i] - m;
        real[i] += r;
        imaginary[i] += m;
      }
    }
  }
}

const hann = Float32Array.from({ length: FFT_SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FFT_SIZE));

/** Levels from 0 (-85 dB and less) to 1, one row of half a window a column. */
function levelsOf(buffer, columns) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i));
  const bins = FFT_SIZE / 2;
  const levels = new Float32Array(columns * bins);
  const real = new Float32Array(FFT_SIZE), imaginary = new Float32Array(FFT_SIZE);
  for (let column = 0; column < columns; column++) {
    const start = Math.round(((column + 0.5) * buffer.length) / columns) - bins;
    for (let i = 0; i < FFT_SIZE; i++) {
      let sum = 0;
      for (const samples of channels) sum += samples[start + i] ?? 0;
      real[i] = (sum / channels.length) * hann[i];
    }
    imaginary.fill(0);
    transform(real, imaginary);
    for (let i = 0; i < bins; i++) {
      const db = 20 * Math.log10((4 * Math.hypot(real[i], imaginary[i])) / FFT_SIZE + 1e-9);
      levels[column * bins + i] = Math.max(0, Math.min(1, 1 - db / FLOOR_DB));
    }
  }
  return levels;
}

const spectra = new WeakMap(); // of AudioBuffer: computed once a width

export function drawSpectrum(canvas, buffer) {
  const { context, width, height } = fitted(canvas);
  if (!width) return;
  const columns = Math.min(Math.round(width), 900), rows = Math.round(height * Math.min(devicePixelRatio, 2));
  let cached = spectra.get(buffer);
  if (cached?.columns !== columns) {
    cached = { columns, levels: levelsOf(buffer, columns) };
    spectra.set(buffer, cached);
  }
  const bins = FFT_SIZE / 2, top = buffer.sampleRate / 2;
  const image = new ImageData(columns, rows);
  const ramp = rampBetween(colour("--well"), colour("--wave"), colour("--playhead"));
  for (let row = 0; row < rows; row++) {
    const low = LOWEST_HZ * (top / LOWEST_HZ) ** ((rows - row - 1) / rows), high = LOWEST_HZ * (top / LOWEST_HZ) ** ((rows - row) / rows);
    const first = Math.floor((low / top) * bins), last = Math.max(Math.ceil((high / top) * bins), first + 1);
    for (let column = 0; column < columns; column++) {
      let level = 0;
      for (let bin = first; bin < last && bin < bins; bin++) level = Math.max(level, cached.levels[column * bins + bin]);
      image.data.set(ramp[Math.round(level * 255)], 4 * (row * columns + column));
    }
  }
  const picture = new OffscreenCanvas(columns, rows);
  picture.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(picture, 0, 0, width, height);
}

/** 256 colours from the ground over the wave's colour to the accent, as bytes. */
function rampBetween(...names) {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const stops = names.map((name) => {
    context.fillStyle = name;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  });
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) ** 1.6 * (stops.length - 1), k = Math.min(Math.floor(at), stops.length - 2);
    return Uint8ClampedArray.from({ length: 4 }, (_, c) => (c === 3 ? 255 : stops[k][c] + (stops[k + 1][c] - stops[k][c]) * (at - k)));
  });
}

/** Playhead, selection and beats. Times in seconds; `beat` 0 draws none. */
export function drawOverlay(canvas, { duration, position, region, beat, beatsPerBar }) {
  const { context, width, height } = fitted(canvas);
  if (!duration) return;
  const x = (seconds) => (seconds / duration) * width;
  if (beat) {
    for (let i = 0; i * beat <= duration + 0.001; i++) {
      const isBar = i % beatsPerBar === 0;
      context.fillStyle = colour("--ink");
      context.globalAlpha = isBar ? 0.45 : 0.16;
      context.fillRect(Math.round(x(i * beat)), 0, 1, height);
    }
    context.globalAlpha = 1;
  }
  if (region) {
    context.fillStyle = colour("--select");
    context.fillRect(x(region[0]), 0, x(region[1]) - x(region[0]), height);
    context.fillStyle = colour("--accent");
    for (const edge of region) context.fillRect(x(edge) - 1, 0, 2, height);
  }
  context.fillStyle = colour("--playhead");
  context.fillRect(x(position) - 1, 0, 2, height);
}
