#include "sampling.h"

#include <cmath>
#include <limits>

namespace soundlet {

namespace {

// Steps of pingpong_dpmpp that end nearer to noise draw fresh noise.
constexpr float kLeastPingpong = 0.9f;

constexpr double kLogsnrEnd = 2;

// float32, counted from both ends towards the middle.
Array linspace(float first, float last, int count) {
  Array out(count);
  const float step = (last - first) / static_cast<float>(count - 1);
  for (int i = 0; i < count; ++i) {
    out[i] = i < count / 2 ? first + static_cast<float>(i) * step
                           : last - (static_cast<float>(count - 1) - static_cast<float>(i)) * step;
  }
  return out;
}

double half_logsnr(float t) {
  if (t <= 0) return std::numeric_limits<double>::infinity();
  if (t >= 1) return -std::numeric_limits<double>::infinity();
  return std::log((1 - static_cast<double>(t)) / static_cast<double>(t));
}

Array axpy(const Array& x, float a, const Array& y) {
  Array out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = x[i] + a * y[i];
  return out;
}

Array rk4_step(const Velocity& velocity, const Array& x, float t, float t_next) {
  const float dt = t_next - t, half = 0.5f;
  const float middle = t + dt * half;
  const Array k1 = velocity(x, t);
  const Array k2 = velocity(axpy(x, dt * half, k1), middle);
  const Array k3 = velocity(axpy(x, dt * half, k2), middle);
  const Array k4 = velocity(axpy(x, dt, k3), t_next);
  Array out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    out[i] = x[i] + dt / 6.0f * (k1[i] + 2.0f * k2[i] + 2.0f * k3[i] + k4[i]);
  }
  return out;
}

// steps + 1 times, evenly spaced in log signal-to-noise ratio, from `sigma_max` to 0.
Array logsnr_schedule(int steps, double sigma_max) {
  const double start =
      sigma_max < 1 ? std::log((1 - sigma_max) / sigma_max + 1e-6) : -6.0;
  Array times = linspace(static_cast<float>(start), static_cast<float>(kLogsnrEnd), steps + 1);
  for (float& t : times) {
    t = static_cast<float>(1 / (1 + std::exp(static_cast<double>(t))));
  }
  times.front() = static_cast<float>(sigma_max);
  times.back() = 0;
  return times;
}

}  // namespace

Array sample(Sampler sampler, const Velocity& velocity, Array x, int steps, double sigma_max,
             const Noise& noise, const Progress& on_step) {
  // From so early a start, times evenly spaced in log signal-to-noise ratio would rise at first.
  const bool is_linear = sampler == Sampler::rk4 || sigma_max <= 1 / (1 + std::exp(kLogsnrEnd));
  const Array times = is_linear ? linspace(static_cast<float>(sigma_max), 0.0f, steps + 1)
                                : logsnr_schedule(steps, sigma_max);
  Array previous;
  double h_previous = std::numeric_limits<double>::infinity();
  for (int step = 0; step < steps; ++step) {
    const float t = times[step], t_next = times[step + 1];
    if (sampler == Sampler::rk4) {
      x = rk4_step(velocity, x, t, t_next);
    } else {
      const Array v = velocity(x, t);
      const bool is_early = t_next > kLeastPingpong;
      if (sampler == Sampler::pingpong || (sampler == Sampler::pingpong_dpmpp && is_early)) {
        const Array fresh = noise();
        for (std::size_t i = 0; i < x.size(); ++i) {
          const float denoised = x[i] - t * v[i];
          x[i] = (1.0f - t_next) * denoised + t_next * fresh[i];
        }
      } else if (sampler == Sampler::euler) {
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = x[i] + (t_next - t) * v[i];
      } else {
        const Array denoised = axpy(x, -t, v);
        const double h = half_logsnr(t_next) - half_logsnr(t);
        Array estimate = denoised;
        if (!previous.empty() && t_next > 0) {
          const float correction = static_cast<float>(h / (2 * h_previous));
          for (std::size_t i = 0; i < x.size(); ++i) {
            estimate[i] = (1.0f + correction) * denoised[i] - correction * previous[i];
          }
        }
        const float shrink = static_cast<float>(std::expm1(-h));
        for (std::size_t i = 0; i < x.size(); ++i) {
          x[i] = (t_next / t) * x[i] - (1.0f - t_next) * shrink * estimate[i];
        }
        previous = denoised;
        h_previous = h;
      }
    }
    on_step(step + 1, steps);
  }
  return x;
}

}  // namespace soundlet
