// Gaussian noise that repeats PyTorch's CPU generator, as soundlet/noise.py does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace soundlet {

class Generator {
 public:
  explicit Generator(uint32_t seed) : integers_(seed) {}

  // The next `size` values of the stream; 16 or more.
  std::vector<float> randn(std::size_t size);

 private:
  std::vector<float> uniforms(std::size_t count);
  std::mt19937 integers_;
};

}  // namespace soundlet
