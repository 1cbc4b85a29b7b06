// The exported programs: what they are told of the model, and calls by position.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sampling.h"
#include "spectrogram.h"

namespace soundlet {

// What a runner must know besides the networks.
struct Facts {
  int64_t sample_rate = 44100, hop_length = 2048, n_frames = 256, patch_size = 1;
  bool is_variable = false;
  int64_t margin_frames = 0, context_frames = 16;
  Sampler sampler = Sampler::pingpong;
  int64_t steps = 8;
  double cfg_scale = 1, seconds = 11, min_seconds = 0, max_seconds = 256;
  SpectrogramFormat spectrogram;  // what the decoder gives, if it does not give samples
};

struct Tensor {
  std::vector<int32_t> shape;
  Array values;
};

class Program;

class Programs {
 public:
  // Opens the programs in `folder` and checks how they are called. Throws Failure.
  Programs(const std::string& folder, int threads, bool needs_encoder);
  ~Programs();

  const Facts& facts() const { return facts_; }
  std::size_t prompt_length() const { return prompt_length_; }
  int64_t n_channels() const { return n_channels_; }
  // Of the encoder, if there is one.
  std::size_t audio_channels() const { return audio_channels_; }

  struct Conditioning {
    Tensor cross_attn_cond, global_cond;
  };
  Conditioning condition(const std::vector<int64_t>& ids, const std::vector<int64_t>& mask,
                         float seconds);
  Array velocity(const Array& x, float t, const Conditioning& told);
  // Latents of (channels, frames) to one vector a channel.
  std::vector<std::vector<float>> decode(const Array& latents);
  // (channels, samples) to mean and scale, (2 * channels, frames).
  Array encode(const std::vector<std::vector<float>>& audio);

 private:
  std::unique_ptr<Program> conditioners_, dit_, decoder_, encoder_;
  Facts facts_;
  std::size_t prompt_length_ = 0;
  std::size_t audio_channels_ = 0;
  int64_t n_channels_ = 0;
};

}  // namespace soundlet
