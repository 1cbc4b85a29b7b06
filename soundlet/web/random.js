// Noise that repeats soundlet/noise.py: MT19937, then Box-Muller in blocks of 16.

const N = 624;
const M = 397;
const BLOCK = 16;

export class MersenneTwister {
  constructor(seed) {
    this.state = new Uint32Array(N);
    this.state[0] = seed;
    for (let i = 1; i < N; i++) {
      const previous = this.state[i - 1] ^ (this.state[i - 1] >>> 30);
      this.state[i] = Math.imul(1812433253, previous) + i;
    }
    this.index = N;
  }

  /** The next integer, 0 to 2**32 - 1. */
  uint32() {
    if (this.index === N) this.#twist();
    let y = this.state[this.index++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** The next double in [0, 1), as NumPy's RandomState draws it. */
  double() {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  #twist() {
    const s = this.state;
    for (let k = 0; k < N; k++) {
      const y = (s[k] & 0x80000000) | (s[(k + 1) % N] & 0x7fffffff);
      s[k] = s[(k + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.index = 0;
  }
}

export class Generator {
  constructor(seed) {
    this.integers = new MersenneTwister(seed);
  }

  /** The next `size` standard normal values; 16 or more. */
  randn(size) {
    const out = new Float32Array(size);
    const whole = size - (size % BLOCK);
    const drawn = this.#uniforms(size);
    boxMuller(drawn, out, 0, whole);
    if (whole !== size) boxMuller(this.#uniforms(BLOCK), out, size - BLOCK, BLOCK);
    return out;
  }

  #uniforms(count) {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = (this.integers.uint32() & 0xffffff) * 2 ** -24;
    return out;
  }
}

function boxMuller(uniforms, out, offset, size) {
  const twoPi = Math.fround(2 * Math.PI);
  const half = BLOCK / 2;
  for (let start = 0; start < size; start += BLOCK) {
    for (let i = start; i < start + half; i++) {
      const log = Math.fround(Math.log(Math.fround(1 - uniforms[i])));
      const radius = Math.fround(Math.sqrt(Math.fround(-2 * log)));
      const angle = Math.fround(twoPi * uniforms[i + half]);
      out[offset + i] = radius * Math.fround(Math.cos(angle));
      out[offset + i + half] = radius * Math.fround(Math.sin(angle));
    }
  }
}
