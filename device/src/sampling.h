// Schedule and samplers of rectified flow, as soundlet/sampling.py has them.
#pragma once

#include <functional>
#include <vector>

namespace soundlet {

using Array = std::vector<float>;
using Velocity = std::function<Array(const Array& x, float t)>;
using Noise = std::function<Array()>;
using Progress = std::function<void(int done, int total)>;

enum class Sampler { pingpong = 0, euler = 1, rk4 = 2, dpmpp = 3, pingpong_dpmpp = 4 };

// steps + 1 times, evenly spaced in log signal-to-noise ratio, from `sigma_max` to 0.
Array logsnr_schedule(int steps, double sigma_max);

Array sample(Sampler sampler, const Velocity& velocity, Array x, int steps, double sigma_max,
             const Noise& noise, const Progress& on_step);

}  // namespace soundlet
