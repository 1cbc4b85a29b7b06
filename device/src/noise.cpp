#include "noise.h"

#include <cmath>
#include <stdexcept>

namespace soundlet {

namespace {

constexpr std::size_t kBlock = 16;  // 8 radii, then 8 angles

// Roundings to float32 are where PyTorch has them; functions are taken in double.
void box_muller(const float* uniforms, float* out, std::size_t size) {
  const float two_pi = static_cast<float>(2 * M_PI);
  for (std::size_t start = 0; start < size; start += kBlock) {
    for (std::size_t i = start; i < start + kBlock / 2; ++i) {
      const float log = static_cast<float>(std::log(static_cast<double>(1.0f - uniforms[i])));
      const float radius = std::sqrt(-2.0f * log);
      const float turn = two_pi * uniforms[i + kBlock / 2];
      const double angle = static_cast<double>(turn);
      out[i] = radius * static_cast<float>(std::cos(angle));
      out[i + kBlock / 2] = radius * static_cast<float>(std::sin(angle));
    }
  }
}

}  // namespace

std::vector<float> Generator::uniforms(std::size_t count) {
  std::vector<float> out(count);
  for (float& value : out) {
    value = static_cast<float>(integers_() & 0xFFFFFFu) * 0x1p-24f;
  }
  return out;
}

std::vector<float> Generator::randn(std::size_t size) {
  if (size < kBlock) throw std::logic_error("noise is drawn 16 values or more at a time");
  std::vector<float> out(size);
  const std::vector<float> drawn = uniforms(size);
  const std::size_t whole = size - size % kBlock;
  box_muller(drawn.data(), out.data(), whole);
  if (whole != size) {  // a last block that overwrites what it overlaps
    const std::vector<float> last = uniforms(kBlock);
    box_muller(last.data(), out.data() + size - kBlock, kBlock);
  }
  return out;
}

}  // namespace soundlet
