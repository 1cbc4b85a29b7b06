// Schedules and samplers of rectified flow, as soundlet/sampling.py has them.

const f = Math.fround;
const LEAST_PINGPONG = 0.9; // steps that end nearer to noise draw fresh noise

/** steps + 1 times, evenly spaced in log signal-to-noise ratio, from 1 to 0. */
export function logsnrSchedule(steps) {
  const times = linspace(-6, 2, steps + 1).map((x) => f(1 / (1 + Math.exp(x))));
  times[0] = 1;
  times[steps] = 0;
  return times;
}

function linspace(first, last, count) {
  const step = f((last - first) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    i < count >> 1 ? f(first + f(i * step)) : f(last - f((count - 1 - i) * step)),
  );
}

/**
 * Latents from noise.
 * @param {string} sampler pingpong, euler, rk4, dpmpp or pingpong-dpmpp.
 * @param {(x: Float32Array, t: number) => Promise<Float32Array>} velocity noise minus data.
 * @param {Float32Array} x noise.
 * @param {{steps: number, noise: () => Float32Array, onStep: (done: number) => void}} options
 */
export async function sample(sampler, velocity, x, { steps, noise, onStep }) {
  const times = sampler === "rk4" ? linspace(1, 0, steps + 1) : logsnrSchedule(steps);
  const take = STEPS[sampler];
  if (!take) throw new Error(`this page has no sampler ${sampler}`);
  const memory = {};
  for (let i = 0; i < steps; i++) {
    x = await take(velocity, x, times[i], times[i + 1], noise, memory);
    onStep(i + 1);
  }
  return x;
}

const combined = (x, a, y) => x.map((value, i) => f(value + f(a * y[i])));

const STEPS = {
  async pingpong(velocity, x, t, next, noise) {
    const denoised = combined(x, -t, await velocity(x, t));
    const fresh = noise();
    return denoised.map((value, i) => f(f((1 - next) * value) + f(next * fresh[i])));
  },

  async euler(velocity, x, t, next) {
    return combined(x, f(next - t), await velocity(x, t));
  },

  async rk4(velocity, x, t, next) {
    const dt = f(next - t);
    const middle = f(t + dt / 2);
    const k1 = await velocity(x, t);
    const k2 = await velocity(combined(x, dt / 2, k1), middle);
    const k3 = await velocity(combined(x, dt / 2, k2), middle);
    const k4 = await velocity(combined(x, dt, k3), next);
    return x.map((value, i) => value + (dt / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]));
  },

  async dpmpp(velocity, x, t, next, _noise, memory) {
    const denoised = combined(x, -t, await velocity(x, t));
    const h = halfLogsnr(next) - halfLogsnr(t);
    let estimate = denoised;
    if (memory.denoised && next > 0) {
      const correction = f(h / (2 * memory.h));
      estimate = denoised.map((v, i) => (1 + correction) * v - correction * memory.denoised[i]);
    }
    const shrink = f(Math.expm1(-h));
    memory.denoised = denoised;
    memory.h = h;
    return x.map((value, i) => (next / t) * value - (1 - next) * shrink * estimate[i]);
  },

  async "pingpong-dpmpp"(velocity, x, t, next, noise, memory) {
    const take = next > LEAST_PINGPONG ? STEPS.pingpong : STEPS.dpmpp;
    return take(velocity, x, t, next, noise, memory);
  },
};

function halfLogsnr(t) {
  if (t <= 0) return Infinity;
  return t >= 1 ? -Infinity : Math.log((1 - t) / t);
}
