// Fourier transforms of real frames, two at a time in one complex transform.

export class Fourier {
  /** @param {number} size a power of two. */
  constructor(size) {
    this.size = size;
    this.bins = size / 2 + 1;
    this.re = new Float64Array(size);
    this.im = new Float64Array(size);
    this.cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.sin = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
    const bits = Math.log2(size);
    this.reversed = Uint32Array.from({ length: size }, (_, i) => {
      let out = 0;
      for (let b = 0; b < bits; b++) out |= ((i >>> b) & 1) << (bits - 1 - b);
      return out;
    });
  }

  /** Spectra of the frames in `re` and in `im`; `store(which, bin, re, im)` is told each value. */
  forward(store) {
    const { size, bins, re, im } = this;
    this.#transform(-1);
    for (let k = 0; k < bins; k++) {
      const j = (size - k) % size;
      store(0, k, (re[k] + re[j]) / 2, (im[k] - im[j]) / 2);
      store(1, k, (im[k] + im[j]) / 2, (re[j] - re[k]) / 2);
    }
  }

  /** The frames of two spectra into `re` and `im`; `load(which, bin)` gives [re, im]. */
  inverse(load) {
    const { size, bins, re, im } = this;
    for (let k = 0; k < bins; k++) {
      const [ar, ai] = load(0, k);
      const [br, bi] = load(1, k);
      const isEdge = k === 0 || k === size / 2; // where a real frame's spectrum is real
      re[k] = isEdge ? ar : ar - bi;
      im[k] = isEdge ? br : ai + br;
      if (!isEdge) {
        re[size - k] = ar + bi;
        im[size - k] = br - ai;
      }
    }
    this.#transform(1);
    for (let i = 0; i < size; i++) {
      re[i] /= size;
      im[i] /= size;
    }
  }

  #transform(sign) {
    const { size, re, im, reversed } = this;
    for (let i = 0; i < size; i++) {
      const j = reversed[i];
      if (j > i) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const c = this.cos[k * stride];
          const s = sign * this.sin[k * stride];
          const a = start + k;
          const b = a + half;
          const tr = re[b] * c - im[b] * s;
          const ti = re[b] * s + im[b] * c;
          re[b] = re[a] - tr;
          im[b] = im[a] - ti;
          re[a] += tr;
          im[a] += ti;
        }
      }
    }
  }
}
