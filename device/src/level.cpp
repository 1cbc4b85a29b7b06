#include "level.h"

#include <algorithm>
#include <cmath>

#include "failure.h"

namespace soundlet {

namespace {

constexpr double kFadeSeconds = 0.005;
constexpr float kLoudestPeak = 8.0f, kSilentPeak = 1e-4f;

}  // namespace

void fade_out(Sound& sound) {
  const std::size_t length = sound.channels[0].size();
  const std::size_t fade = std::min(
      static_cast<std::size_t>(std::nearbyint(kFadeSeconds * sound.sample_rate)), length / 2);
  for (auto& channel : sound.channels) {
    for (std::size_t i = 0; i < fade; ++i) {
      const double step = fade > 1 ? -1.0 / static_cast<double>(fade - 1) : 0;
      channel[length - fade + i] *= static_cast<float>(1 + step * static_cast<double>(i));
    }
  }
}

void bring_to_level(Sound& sound) {
  float peak = 0;
  for (const auto& channel : sound.channels) {
    for (const float value : channel) {
      if (!std::isfinite(value)) {
        throw Failure("the model made samples that are not numbers: try another seed");
      }
      peak = std::max(peak, std::abs(value));
    }
  }
  if (peak > kLoudestPeak) {
    throw Failure("the sound peaks beyond what any sound does: try another seed");
  }
  if (peak < kSilentPeak) throw Failure("the sound is silent: try another seed or prompt");
  if (peak <= 1) return;
  const float gain = static_cast<float>(std::pow(10.0, -1.0 / 20) / static_cast<double>(peak));
  for (auto& channel : sound.channels) {
    for (float& value : channel) value *= gain;
  }
}

}  // namespace soundlet
