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

// Latents at time `sigma_max`, 1 for pure noise, to those of a sound.
Array sample(Sampler sampler, const Velocity& velocity, Array x, int steps, double sigma_max,
             const Noise& noise, const Progress& on_step);

}  // namespace soundlet
