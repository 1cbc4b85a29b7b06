// Frames in a file of raw float32 to left, then right, in another: for comparison with Python.
//
//   synthesise FRAMES SAMPLES N_FFT HOP_LENGTH N_BANDS ITERATIONS
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "../src/spectrogram.h"

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  std::ifstream file(argv[1], std::ios::binary | std::ios::ate);
  std::vector<float> frames(static_cast<std::size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(frames.data()),
            static_cast<std::streamsize>(frames.size() * sizeof(float)));
  soundlet::SpectrogramFormat form;
  form.n_fft = std::strtoul(argv[3], nullptr, 10);
  form.hop_length = std::strtoul(argv[4], nullptr, 10);
  form.n_bands = std::strtoul(argv[5], nullptr, 10);
  form.phase_iterations = std::atoi(argv[6]);
  std::ofstream out(argv[2], std::ios::binary);
  for (const auto& channel : soundlet::synthesise(frames, form)) {
    out.write(reinterpret_cast<const char*>(channel.data()),
              static_cast<std::streamsize>(channel.size() * sizeof(float)));
  }
  return out ? 0 : 1;
}
