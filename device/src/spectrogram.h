// Spectrogram frames to stereo sound, as soundlet/spectrogram.py does it.
#pragma once

#include <cstddef>
#include <vector>

namespace soundlet {

struct SpectrogramFormat {
  std::size_t n_fft = 0;  // a power of two; 0: the decoder gives samples, not frames
  std::size_t hop_length = 0, n_bands = 0;
  int phase_iterations = 0;

  std::size_t n_bins() const { return n_fft / 2 + 1; }
  std::size_t n_features() const { return n_bins() + 2 * n_bands; }
};

// Frames (features, n) in rows to left and right, n * hop_length samples each.
std::vector<std::vector<float>> synthesise(const std::vector<float>& frames,
                                           const SpectrogramFormat& form);

}  // namespace soundlet
