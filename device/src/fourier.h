// Fourier transforms of real frames, two at a time in one complex transform.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

namespace soundlet {

class Fourier {
 public:
  explicit Fourier(std::size_t size);  // a power of two

  // Spectra, size / 2 + 1 bins each, of the frames that are real and imaginary part of `data`.
  void forward(std::vector<std::complex<double>>& data, std::complex<float>* first,
               std::complex<float>* second) const;
  // The inverse, into real and imaginary part of `data`.
  void inverse(const std::complex<float>* first, const std::complex<float>* second,
               std::vector<std::complex<double>>& data) const;

 private:
  void transform(std::vector<std::complex<double>>& data, bool is_inverse) const;
  std::size_t size_;
  std::vector<std::complex<double>> roots_;
  std::vector<std::size_t> reversed_;
};

}  // namespace soundlet
