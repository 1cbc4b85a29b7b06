#include "programs.h"

#include <executorch/extension/module/module.h>
#include <executorch/extension/tensor/tensor.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "failure.h"

// Shipped in ExecuTorch's library, without its header.
namespace executorch::extension::threadpool {
class ThreadPool {
 public:
  bool _unsafe_reset_threadpool(uint32_t threads);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool

namespace soundlet {

using executorch::aten::ScalarType;
using executorch::extension::make_tensor_ptr;
using executorch::extension::Module;
using executorch::extension::TensorPtr;
using executorch::runtime::Error;
using executorch::runtime::EValue;
using Verification = executorch::ET_RUNTIME_NAMESPACE::Program::Verification;

namespace {

std::string text(const std::vector<int32_t>& shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    out += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return out + "]";
}

}  // namespace

// One file. Its inputs are described by its own metadata, and are given by position.
class Program {
 public:
  Program(const std::string& path, std::size_t n_inputs)
      : path_(path), module_(path, Module::LoadMode::Mmap) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) throw Failure(path + ": no such file");
    require_whole();
    if (module_.load(Verification::InternalConsistency) != Error::Ok ||
        module_.load_forward() != Error::Ok) {
      throw Failure(path + " cannot be loaded: it is no program of ExecuTorch, or it is damaged");
    }
    const auto meta = module_.method_meta("forward");
    if (!meta.ok() || meta->num_inputs() != n_inputs) {
      throw Failure(path + " is another program: it does not take " + std::to_string(n_inputs) +
                    " inputs");
    }
    for (std::size_t i = 0; i < n_inputs; ++i) {
      const auto info = meta->input_tensor_meta(i);
      if (!info.ok()) throw Failure(path + " is another program: an input is no tensor");
      const auto sizes = info->sizes();
      largest_.emplace_back(sizes.begin(), sizes.end());
      types_.push_back(info->scalar_type());
    }
  }

  // The largest shape of an input. Throws Failure unless it has `rank` axes.
  const std::vector<int32_t>& largest(std::size_t input, std::size_t rank) const {
    if (largest_[input].size() != rank) {
      throw Failure(path_ + " is another program: input " + std::to_string(input) + " is " +
                    text(largest_[input]));
    }
    return largest_[input];
  }

  void require_type(std::size_t input, ScalarType type) const {
    if (types_[input] != type) {
      throw Failure(path_ + " is another program: input " + std::to_string(input) +
                    " has another type of numbers");
    }
  }

  // A constant that the file carries, or `usual` if it has none.
  double constant(const std::string& name, double usual) {
    const auto names = module_.method_names();
    if (!names.ok() || names->count(name) == 0) return usual;
    const auto value = module_.get(name);
    if (value.ok() && value->isInt()) return static_cast<double>(value->toInt());
    if (value.ok() && value->isDouble()) return value->toDouble();
    throw Failure(path_ + " is damaged: " + name + " is no number");
  }

  std::vector<Tensor> run(const std::vector<EValue>& inputs) {
    const auto outputs = module_.forward(inputs);
    if (!outputs.ok()) throw Failure(path_ + " failed when it was run");
    std::vector<Tensor> given;
    for (const EValue& output : *outputs) {
      if (!output.isTensor()) throw Failure(path_ + " is another program: it gives no tensors");
      const auto& tensor = output.toTensor();
      if (tensor.scalar_type() != ScalarType::Float) {
        throw Failure(path_ + " is another program: it does not give float32");
      }
      const float* data = tensor.const_data_ptr<float>();
      given.push_back({{tensor.sizes().begin(), tensor.sizes().end()},
                       Array(data, data + tensor.numel())});
    }
    return given;
  }

  const std::string& path() const { return path_; }

 private:
  // The header says how long program and segments are; XNNPACK reads them unchecked.
  void require_whole() const {
    std::ifstream file(path_, std::ios::binary);
    unsigned char head[48] = {};
    file.read(reinterpret_cast<char*>(head), sizeof head);
    const auto number = [&head](std::size_t at, std::size_t width) {
      uint64_t value = 0;
      for (std::size_t i = width; i-- > 0;) value = value << 8 | head[at + i];
      return value;
    };
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(path_, error);
    const std::string magic(reinterpret_cast<char*>(head) + 8, 4);
    if (error || file.gcount() != sizeof head || std::string(head + 4, head + 6) != "ET" ||
        magic != "eh00") {
      throw Failure(path_ + " cannot be loaded: it is no program of ExecuTorch");
    }
    const uint64_t header = number(12, 4), program = number(16, 8), segments = number(24, 8);
    const uint64_t n_segment_bytes = header >= 32 ? number(32, 8) : 0;
    const uint64_t expected =
        segments == 0 ? program : segments + (n_segment_bytes ? n_segment_bytes : 0);
    if (program > size || segments > size || expected > size) {
      throw Failure(path_ + " cannot be loaded: it is cut short");
    }
  }

  std::string path_;
  Module module_;
  std::vector<std::vector<int32_t>> largest_;
  std::vector<ScalarType> types_;
};

namespace {

TensorPtr floats(const std::vector<int32_t>& shape, const Array& values) {
  return make_tensor_ptr(shape, const_cast<float*>(values.data()), ScalarType::Float);
}

TensorPtr integers(const std::vector<int32_t>& shape, const std::vector<int64_t>& values) {
  return make_tensor_ptr(shape, const_cast<int64_t*>(values.data()), ScalarType::Long);
}

Facts read_facts(Program& dit) {
  Facts facts;
  const auto whole = [&dit](const char* name, int64_t usual, int64_t low, int64_t high) {
    const double value = dit.constant(name, static_cast<double>(usual));
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high))) {
      throw Failure(dit.path() + " is damaged: " + name + " is out of range");
    }
    return static_cast<int64_t>(value);
  };
  facts.sample_rate = whole("get_sample_rate", facts.sample_rate, 1, 768000);
  facts.hop_length = whole("get_hop_length", facts.hop_length, 1, 1 << 20);
  facts.n_frames = whole("get_n_frames", facts.n_frames, 1, 1 << 16);
  facts.patch_size = whole("get_patch_size", facts.patch_size, 1, 64);
  facts.is_variable = whole("get_is_variable", 0, 0, 1) == 1;
  facts.margin_frames = whole("get_margin_frames", 0, 0, 1 << 16);
  facts.context_frames = whole("get_context_frames", facts.context_frames, 0, 1 << 16);
  facts.sampler = static_cast<Sampler>(whole("get_sampler", 0, 0, 4));
  facts.steps = whole("get_steps", facts.steps, 1, 1000);
  SpectrogramFormat& form = facts.spectrogram;
  form.n_fft = static_cast<std::size_t>(whole("get_n_fft", 0, 0, 1 << 16));
  if (form.n_fft != 0) {
    form.hop_length = static_cast<std::size_t>(whole("get_frame_hop_length", 1, 1, 1 << 16));
    form.n_bands = static_cast<std::size_t>(whole("get_n_bands", 1, 1, 1 << 16));
    form.phase_iterations = static_cast<int>(whole("get_phase_iterations", 0, 0, 10000));
    if (form.n_fft < 16 || (form.n_fft & (form.n_fft - 1)) != 0 ||
        form.n_fft % form.hop_length != 0 || facts.hop_length % form.hop_length != 0 ||
        form.n_bands > form.n_bins()) {
      throw Failure(dit.path() + " is damaged: its spectrogram cannot be");
    }
  }
  facts.cfg_scale = dit.constant("get_cfg_scale", facts.cfg_scale);
  facts.seconds = dit.constant("get_seconds", facts.seconds);
  facts.min_seconds = dit.constant("get_min_seconds", facts.min_seconds);
  facts.max_seconds = dit.constant("get_max_seconds", facts.max_seconds);
  return facts;
}

// With recovered phases a sound would begin by a click: its first millisecond rises from silence.
void rise(std::vector<float>& channel) {
  const std::size_t length = 48;
  for (std::size_t i = 0; i < std::min(length, channel.size()); ++i) {
    const double turn = M_PI * (static_cast<double>(i) + 0.5) / static_cast<double>(length);
    channel[i] *= static_cast<float>(0.5 - 0.5 * std::cos(turn));
  }
}

}  // namespace

Programs::Programs(const std::string& folder, int threads, bool needs_encoder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) throw Failure(folder + ": no such folder");
  if (threads > 0) {
    executorch::extension::threadpool::get_threadpool()->_unsafe_reset_threadpool(
        static_cast<uint32_t>(threads));
  }
  conditioners_ = std::make_unique<Program>(folder + "/conditioners_model.pte", 3);
  dit_ = std::make_unique<Program>(folder + "/dit_model.pte", 4);
  decoder_ = std::make_unique<Program>(folder + "/autoencoder_model.pte", 1);
  if (needs_encoder) encoder_ = std::make_unique<Program>(folder + "/encoder_model.pte", 1);
  conditioners_->require_type(0, ScalarType::Long);
  conditioners_->require_type(1, ScalarType::Long);
  conditioners_->require_type(2, ScalarType::Float);
  for (std::size_t i = 0; i < 4; ++i) dit_->require_type(i, ScalarType::Float);
  decoder_->require_type(0, ScalarType::Float);
  facts_ = read_facts(*dit_);
  prompt_length_ = static_cast<std::size_t>(conditioners_->largest(0, 2)[1]);
  const auto& x = dit_->largest(0, 3);
  n_channels_ = x[1];
  if (x[2] != facts_.n_frames || decoder_->largest(0, 3)[1] != n_channels_ ||
      decoder_->largest(0, 3)[2] != facts_.n_frames ||
      dit_->largest(2, 3)[1] != static_cast<int64_t>(prompt_length_) + 1 || prompt_length_ < 1 ||
      n_channels_ < 1) {
    throw Failure(folder + " holds programs of different models: export them together");
  }
  if (needs_encoder) {
    encoder_->require_type(0, ScalarType::Float);
    audio_channels_ = static_cast<std::size_t>(encoder_->largest(0, 3)[1]);
    if (encoder_->largest(0, 3)[2] != facts_.n_frames * facts_.hop_length) {
      throw Failure(folder + " has an encoder that does not take samples");
    }
  }
}

Programs::~Programs() = default;

Programs::Conditioning Programs::condition(const std::vector<int64_t>& ids,
                                           const std::vector<int64_t>& mask, float seconds) {
  const int32_t length = static_cast<int32_t>(ids.size());
  const Array told{seconds};
  const auto first = integers({1, length}, ids), second = integers({1, length}, mask);
  const auto third = floats({1}, told);
  std::vector<Tensor> outputs = conditioners_->run({*first, *second, *third});
  if (outputs.size() != 3 || outputs[0].shape != dit_->largest(2, 3) ||
      outputs[2].shape != dit_->largest(3, 2)) {
    throw Failure(conditioners_->path() + " is of another model than " + dit_->path());
  }
  return {std::move(outputs[0]), std::move(outputs[2])};
}

Array Programs::velocity(const Array& x, float t, const Conditioning& told) {
  const int32_t channels = static_cast<int32_t>(n_channels_);
  const int32_t frames = static_cast<int32_t>(x.size()) / channels;
  const Array time{t};
  const auto first = floats({1, channels, frames}, x), second = floats({1}, time);
  const auto third = floats(told.cross_attn_cond.shape, told.cross_attn_cond.values);
  const auto fourth = floats(told.global_cond.shape, told.global_cond.values);
  std::vector<Tensor> outputs = dit_->run({*first, *second, *third, *fourth});
  if (outputs.size() != 1 || outputs[0].values.size() != x.size()) {
    throw Failure(dit_->path() + " gave latents of another shape");
  }
  return std::move(outputs[0].values);
}

std::vector<std::vector<float>> Programs::decode(const Array& latents) {
  const int32_t channels = static_cast<int32_t>(n_channels_);
  const int32_t frames = static_cast<int32_t>(latents.size()) / channels;
  const auto input = floats({1, channels, frames}, latents);
  const std::vector<Tensor> outputs = decoder_->run({*input});
  const std::size_t length = static_cast<std::size_t>(frames) * facts_.hop_length;
  const SpectrogramFormat& form = facts_.spectrogram;
  if (form.n_fft != 0) {
    const std::size_t n = length / form.hop_length;
    if (outputs.size() != 1 || outputs[0].values.size() != n * form.n_features()) {
      throw Failure(decoder_->path() + " gave a spectrogram of another shape");
    }
    auto sound = synthesise(outputs[0].values, form);
    for (auto& channel : sound) rise(channel);
    return sound;
  }
  if (outputs.size() != 1 || outputs[0].shape.empty() ||
      static_cast<std::size_t>(outputs[0].shape.back()) != length) {
    throw Failure(decoder_->path() + " gives no samples: this runner cannot use it");
  }
  const Array& flat = outputs[0].values;
  std::vector<std::vector<float>> audio;
  for (std::size_t at = 0; at + length <= flat.size(); at += length) {
    audio.emplace_back(flat.begin() + at, flat.begin() + at + length);
  }
  return audio;
}

Array Programs::encode(const std::vector<std::vector<float>>& audio) {
  Array flat;
  for (const auto& channel : audio) flat.insert(flat.end(), channel.begin(), channel.end());
  const int32_t n_samples = static_cast<int32_t>(audio[0].size());
  const auto input = floats({1, static_cast<int32_t>(audio.size()), n_samples}, flat);
  std::vector<Tensor> outputs = encoder_->run({*input});
  const std::size_t frames = audio[0].size() / facts_.hop_length;
  if (outputs.size() != 1 || outputs[0].values.size() != 2 * frames * n_channels_) {
    throw Failure(encoder_->path() + " gave latents of another shape");
  }
  return std::move(outputs[0].values);
}

}  // namespace soundlet
