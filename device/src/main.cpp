// From a prompt to a WAV file, as soundlet/pipeline.py does it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>

#include <executorch/runtime/platform/platform.h>
#include <executorch/runtime/platform/runtime.h>

#include "arguments.h"
#include "failure.h"
#include "level.h"
#include "noise.h"
#include "programs.h"
#include "sampling.h"
#include "tokens.h"
#include "wav.h"

namespace soundlet {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// ExecuTorch tells of every step it takes; what matters to the user we say ourselves.
void drop_log(et_timestamp_t, et_pal_log_level_t, const char*, const char*, size_t, const char*,
              size_t) {}

std::string plain(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

int64_t rounded_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

struct Plan {
  double seconds;
  int64_t n_samples, n_frames;
};

Plan plan(const Arguments& given, const Facts& facts) {
  const double window =
      static_cast<double>(facts.n_frames * facts.hop_length) / static_cast<double>(facts.sample_rate);
  const double seconds = given.seconds.value_or(std::min(facts.seconds, window));
  const double low = std::max(facts.min_seconds, 1.0 / static_cast<double>(facts.sample_rate));
  const double high = std::min(facts.max_seconds, window);
  if (!(seconds >= low && seconds <= high)) {
    throw Failure("-l must be from " + plain(low) + " to " + plain(high) +
                  " with these programs, not " + plain(seconds));
  }
  Plan out{seconds, 0, facts.n_frames};
  out.n_samples = std::max<int64_t>(
      1, static_cast<int64_t>(std::nearbyint(seconds * static_cast<double>(facts.sample_rate))));
  if (facts.is_variable) {
    const int64_t frames = rounded_up(out.n_samples, facts.hop_length) / facts.hop_length;
    out.n_frames =
        std::min(rounded_up(frames + facts.margin_frames, facts.patch_size), facts.n_frames);
  }
  return out;
}

// The sound in another number of channels: as soundlet/source.py has it.
std::vector<std::vector<float>> with_channels(const std::vector<std::vector<float>>& given,
                                              std::size_t wanted) {
  std::vector<std::vector<float>> out;
  for (std::size_t channel = 0; channel < wanted; ++channel) {
    if (given.size() < wanted) {
      out.push_back(given[channel % given.size()]);
      continue;
    }
    std::vector<float> mean = given[channel];
    float count = 1;
    for (std::size_t other = channel + wanted; other < given.size(); other += wanted, ++count) {
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += given[other][i];
    }
    for (float& value : mean) value /= count;
    out.push_back(std::move(mean));
  }
  return out;
}

// Latents of the sound to start from, drawn from the bottleneck.
Array init_latents(const Arguments& given, const Plan& planned, Programs& programs,
                   Generator& generator) {
  Sound sound = read_wav(given.input);
  if (sound.sample_rate != static_cast<uint32_t>(programs.facts().sample_rate)) {
    throw Failure(given.input + " has " + std::to_string(sound.sample_rate) +
                  " Hz; this model needs " + std::to_string(programs.facts().sample_rate) +
                  ": resample it first");
  }
  sound.channels = with_channels(sound.channels, programs.audio_channels());
  for (auto& channel : sound.channels) {
    channel.resize(planned.n_frames * programs.facts().hop_length, 0.0f);
  }
  const Array mean_and_scale = programs.encode(sound.channels);
  const std::size_t half = mean_and_scale.size() / 2;
  const Array noise = generator.randn(half);
  Array latents(half);
  for (std::size_t i = 0; i < half; ++i) {
    const float scale = mean_and_scale[half + i];
    const float softplus = std::max(scale, 0.0f) + std::log1p(std::exp(-std::abs(scale)));
    latents[i] = mean_and_scale[i] + (softplus + 1e-4f) * noise[i];
  }
  return latents;
}

void make(const Arguments& given) {
  const auto start = Clock::now();
  require_writable(given.output);
  if (!given.latents.empty()) require_writable(given.latents);
  Programs programs(given.models, given.threads, !given.input.empty());
  const Facts& facts = programs.facts();
  const Plan planned = plan(given, facts);
  const Tokens tokens =
      tokenize(given.models + "/spiece.model", given.prompt, programs.prompt_length());
  const double loaded = since(start);

  auto told = programs.condition(tokens.ids, tokens.mask, static_cast<float>(planned.seconds));
  Programs::Conditioning untold = told;
  std::fill(untold.cross_attn_cond.values.begin(), untold.cross_attn_cond.values.end(), 0.0f);
  const double conditioned = since(start);

  const std::size_t size = static_cast<std::size_t>(programs.n_channels() * planned.n_frames);
  if (size < 16) throw Failure("these programs have latents of fewer than 16 numbers");
  Generator generator(given.seed);
  const auto noise = [&] { return generator.randn(size); };
  Array x = noise();
  if (!given.input.empty()) {
    const Array init = init_latents(given, planned, programs, generator);
    const float level = static_cast<float>(given.noise_level);
    const float kept = static_cast<float>(1 - given.noise_level);
    for (std::size_t i = 0; i < size; ++i) x[i] = init[i] * kept + x[i] * level;
  }
  const float cfg_scale = static_cast<float>(facts.cfg_scale);
  const auto velocity = [&](const Array& latents, float t) {
    Array wanted = programs.velocity(latents, t, told);
    if (cfg_scale == 1) return wanted;
    const Array unwanted = programs.velocity(latents, t, untold);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      wanted[i] = unwanted[i] + (wanted[i] - unwanted[i]) * cfg_scale;
    }
    return wanted;
  };
  const int steps = given.steps.value_or(static_cast<int>(facts.steps));
  x = sample(facts.sampler, velocity, std::move(x), steps, given.noise_level, noise,
             [](int done, int total) {
               std::fprintf(stderr, "\rstep %d of %d%s", done, total, done == total ? "\n" : "");
             });
  for (const float value : x) {
    if (!std::isfinite(value)) throw Failure("the model made latents that are not numbers");
  }
  const double sampled = since(start);

  const int64_t needed = std::min(
      planned.n_frames,
      rounded_up(planned.n_samples, facts.hop_length) / facts.hop_length + facts.context_frames);
  Array kept;
  kept.reserve(static_cast<std::size_t>(programs.n_channels() * needed));
  for (int64_t c = 0; c < programs.n_channels(); ++c) {
    const auto row = x.begin() + c * planned.n_frames;
    kept.insert(kept.end(), row, row + needed);
  }
  Sound sound{programs.decode(kept), static_cast<uint32_t>(facts.sample_rate)};
  for (auto& channel : sound.channels) channel.resize(static_cast<std::size_t>(planned.n_samples));
  if (planned.n_samples < planned.n_frames * facts.hop_length) fade_out(sound);
  bring_to_level(sound);
  const double decoded = since(start);

  if (!given.latents.empty()) {
    const char* raw = reinterpret_cast<const char*>(x.data());
    write_file(given.latents, std::vector<char>(raw, raw + x.size() * sizeof(float)));
  }
  write_wav(given.output, sound);
  // Not to stdout, which may be where the sound goes.
  std::fprintf(stderr,
               "%s  %.3g s  seed %u  loaded in %.2f s, conditioned in %.2f s, %d steps in %.2f s,"
               " decoded in %.2f s\n",
               given.output.c_str(), planned.seconds, given.seed, loaded, conditioned - loaded,
               steps, sampled - conditioned, decoded - sampled);
}

}  // namespace
}  // namespace soundlet

int main(int argc, char** argv) {
  executorch::runtime::runtime_init();
  executorch::runtime::register_pal(
      executorch::runtime::PalImpl::create(soundlet::drop_log, __FILE__));
  try {
    const soundlet::Arguments given = soundlet::parse_arguments(argc, argv);
    if (given.help) {
      std::fputs(soundlet::kUsage, stdout);
      return 0;
    }
    soundlet::make(given);
    return 0;
  } catch (const soundlet::Misuse& e) {
    std::fprintf(stderr, "error: %s (see -h)\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
