#include "fourier.h"

#include <cmath>
#include <utility>

namespace soundlet {

using Complex = std::complex<double>;

Fourier::Fourier(std::size_t size) : size_(size), roots_(size / 2), reversed_(size, 0) {
  for (std::size_t i = 0; i < size / 2; ++i) {
    roots_[i] = std::polar(1.0, -2 * M_PI * static_cast<double>(i) / static_cast<double>(size));
  }
  for (std::size_t i = 1; i < size; ++i) {
    reversed_[i] = reversed_[i / 2] / 2 + (i % 2 ? size / 2 : 0);
  }
}

void Fourier::forward(std::vector<Complex>& data, std::complex<float>* first,
                      std::complex<float>* second) const {
  transform(data, false);
  for (std::size_t k = 0; k <= size_ / 2; ++k) {
    const Complex a = data[k], b = std::conj(data[(size_ - k) % size_]);
    first[k] = std::complex<float>((a + b) * 0.5);
    second[k] = std::complex<float>((a - b) * Complex(0, -0.5));
  }
}

void Fourier::inverse(const std::complex<float>* first, const std::complex<float>* second,
                      std::vector<Complex>& data) const {
  const Complex i(0, 1);
  for (std::size_t k = 0; k <= size_ / 2; ++k) {
    Complex a(first[k]), b(second[k]);
    if (k == 0 || k == size_ / 2) {  // where a real frame's spectrum is real
      a = a.real();
      b = b.real();
    }
    data[k] = a + i * b;
    data[(size_ - k) % size_] = std::conj(a) + i * std::conj(b);
  }
  transform(data, true);
  for (Complex& value : data) value /= static_cast<double>(size_);
}

void Fourier::transform(std::vector<Complex>& data, bool is_inverse) const {
  for (std::size_t i = 0; i < size_; ++i) {
    if (reversed_[i] > i) std::swap(data[i], data[reversed_[i]]);
  }
  for (std::size_t half = 1; half < size_; half *= 2) {
    const std::size_t stride = size_ / (2 * half);
    for (std::size_t start = 0; start < size_; start += 2 * half) {
      for (std::size_t k = 0; k < half; ++k) {
        const Complex root = is_inverse ? std::conj(roots_[k * stride]) : roots_[k * stride];
        const Complex turned = data[start + k + half] * root;
        data[start + k + half] = data[start + k] - turned;
        data[start + k] += turned;
      }
    }
  }
}

}  // namespace soundlet
