#include "spectrogram.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <random>

#include "fourier.h"

namespace soundlet {

namespace {

using Complex = std::complex<float>;
using Spectra = std::vector<Complex>;  // (frames, bins)

constexpr float kHighestLevel = 2, kTiny = 1e-12f, kMomentum = 0.99f;

float to_magnitude(float level) {
  const float floor = static_cast<float>(std::pow(10.0, -90.0 / 20));
  const float value = std::exp((1 - std::min(level, kHighestLevel)) * std::log(floor)) - floor;
  return std::max(value, 0.0f);
}

class ShortTime {
 public:
  ShortTime(const SpectrogramFormat& form, std::size_t n)
      : n_(n), hop_(form.hop_length), size_(form.n_fft), bins_(form.n_bins()),
        edge_((form.n_fft - form.hop_length) / 2), fourier_(form.n_fft), window_(form.n_fft),
        weight_((n - 1) * form.hop_length + form.n_fft, 0.0), work_(form.n_fft) {
    std::vector<double> hann(size_);
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      hann[i] = 0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(i) / static_cast<double>(size_));
      sum += hann[i];
    }
    for (std::size_t i = 0; i < size_; ++i) window_[i] = static_cast<float>(hann[i] * 2 / sum);
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < size_; ++j) {
        weight_[i * hop_ + j] += static_cast<double>(window_[j]) * window_[j];
      }
    }
  }

  std::vector<float> inverse(const Spectra& spectra) {
    const Spectra none(bins_);
    std::vector<float> total((n_ - 1) * hop_ + size_, 0.0f);
    for (std::size_t i = 0; i < n_; i += 2) {
      const bool has_second = i + 1 < n_;
      const Complex* first = spectra.data() + i * bins_;
      fourier_.inverse(first, has_second ? first + bins_ : none.data(), work_);
      for (std::size_t j = 0; j < size_; ++j) {
        total[i * hop_ + j] += static_cast<float>(work_[j].real()) * window_[j];
        if (has_second) {
          total[(i + 1) * hop_ + j] += static_cast<float>(work_[j].imag()) * window_[j];
        }
      }
    }
    std::vector<float> samples(n_ * hop_);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] = total[edge_ + i] / static_cast<float>(weight_[edge_ + i]);
    }
    return samples;
  }

  Spectra forward(const std::vector<float>& samples) {
    Spectra spectra(n_ * bins_), unused(bins_);
    const auto at = [&](std::size_t frame, std::size_t j) -> double {
      const std::size_t index = frame * hop_ + j;
      if (frame >= n_ || index < edge_ || index - edge_ >= samples.size()) return 0;
      return static_cast<double>(samples[index - edge_] * window_[j]);
    };
    for (std::size_t i = 0; i < n_; i += 2) {
      for (std::size_t j = 0; j < size_; ++j) work_[j] = {at(i, j), at(i + 1, j)};
      Complex* first = spectra.data() + i * bins_;
      fourier_.forward(work_, first, i + 1 < n_ ? first + bins_ : unused.data());
    }
    return spectra;
  }

 private:
  std::size_t n_, hop_, size_, bins_, edge_;
  Fourier fourier_;
  std::vector<float> window_;
  std::vector<double> weight_;
  std::vector<std::complex<double>> work_;
};

// Phases that advance from frame to frame at the frequency of the next peak, as unit phasors.
Spectra follow_peaks(const std::vector<float>& magnitude, const SpectrogramFormat& form) {
  const std::size_t bins = form.n_bins(), n = magnitude.size() / bins;
  Spectra phase(magnitude.size());
  std::vector<double> middle(bins, 0.0);
  std::vector<float> log(bins), offset(bins);
  std::vector<std::size_t> nearest(bins);
  const double turn =
      2 * M_PI * static_cast<double>(form.hop_length) / static_cast<double>(form.n_fft);
  const auto is_peak = [&](std::size_t k) {
    return k > 0 && k + 1 < bins && log[k] >= log[k - 1] && log[k] > log[k + 1];
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < bins; ++k) log[k] = std::log(magnitude[i * bins + k] + 1e-7f);
    std::size_t below = 0, above = bins - 1;
    for (std::size_t k = 0; k < bins; ++k) {
      if (is_peak(k)) below = k;
      nearest[k] = below;
      offset[k] = 0;
      if (k > 0 && k + 1 < bins) {
        const float curvature = log[k - 1] - 2 * log[k] + log[k + 1];
        offset[k] = 0.5f * (log[k - 1] - log[k + 1]) / std::min(curvature, -1e-6f);
      }
    }
    for (std::size_t k = bins; k-- > 0;) {
      if (is_peak(k)) above = k;
      if (k - nearest[k] > above - k) nearest[k] = above;
    }
    for (std::size_t k = 0; k < bins; ++k) {
      const double place = static_cast<double>(nearest[k]);
      const double frequency =
          place + static_cast<double>(std::clamp(offset[nearest[k]], -0.5f, 0.5f));
      const double advance = turn * frequency;
      middle[k] += advance;
      const double angle = middle[k] - advance / 2 - M_PI * (static_cast<double>(k) - place);
      phase[i * bins + k] = std::polar(1.0f, static_cast<float>(angle));
    }
  }
  return phase;
}

Spectra recover_phase(const std::vector<float>& magnitude, ShortTime& transform,
                      const SpectrogramFormat& form) {
  Spectra phase = follow_peaks(magnitude, form);
  const auto target = [&] {
    Spectra out(phase.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = magnitude[i] * phase[i];
    return out;
  };
  Spectra previous = target();
  for (int round = 0; round < form.phase_iterations; ++round) {
    Spectra rebuilt = transform.forward(transform.inverse(target()));
    for (std::size_t i = 0; i < phase.size(); ++i) {
      const Complex next = rebuilt[i] + kMomentum * (rebuilt[i] - previous[i]);
      phase[i] = next / (std::abs(next) + kTiny);
    }
    previous = std::move(rebuilt);
  }
  return phase;
}

// The band of each bin, equally wide on the Bark scale.
std::vector<std::size_t> bands(std::size_t bins, std::size_t count) {
  std::vector<double> bark(bins);
  for (std::size_t k = 0; k < bins; ++k) {
    const double khz = static_cast<double>(k) / static_cast<double>(bins - 1) * 22.05;
    bark[k] = 13 * std::atan(0.76 * khz) + 3.5 * std::atan(std::pow(khz / 7.5, 2));
  }
  std::vector<std::size_t> band(bins);
  for (std::size_t k = 0; k < bins; ++k) {
    const double place = bark[k] / bark.back() * static_cast<double>(count);
    band[k] = std::min(static_cast<std::size_t>(place), count - 1);
  }
  return band;
}

// A fixed phase a bin, slowly winding, that makes the diffuse part unlike the direct one.
Spectra decorrelation(std::size_t bins) {
  std::mt19937 random(7);
  std::vector<double> turns(bins / 8 + 2);
  for (double& turn : turns) {
    const double high = static_cast<double>(random() >> 5), low = static_cast<double>(random() >> 6);
    turn = (high * 67108864 + low) / 9007199254740992.0 - 0.5;
  }
  Spectra phasors(bins);
  for (std::size_t k = 0; k < bins; ++k) {
    const double share = static_cast<double>(k % 8) / 8;
    const double turn = turns[k / 8] + (turns[k / 8 + 1] - turns[k / 8]) * share;
    phasors[k] = Complex(std::complex<double>(0, 1) * std::polar(1.0, 2 * M_PI * turn));
  }
  return phasors;
}

}  // namespace

std::vector<std::vector<float>> synthesise(const std::vector<float>& frames,
                                           const SpectrogramFormat& form) {
  const std::size_t bins = form.n_bins(), n = frames.size() / form.n_features();
  std::vector<float> magnitude(n * bins);
  for (std::size_t k = 0; k < bins; ++k) {
    for (std::size_t i = 0; i < n; ++i) magnitude[i * bins + k] = to_magnitude(frames[k * n + i]);
  }
  ShortTime transform(form, n);
  const Spectra phase = recover_phase(magnitude, transform, form), diffuse = decorrelation(bins);
  const std::vector<std::size_t> band = bands(bins, form.n_bands);
  Spectra left(n * bins), right(n * bins);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < bins; ++k) {
      const std::size_t row = bins + band[k];
      const float balance = std::clamp(frames[row * n + i], -1.0f, 1.0f);
      const float angle =
          std::acos(std::clamp(frames[(row + form.n_bands) * n + i], -1.0f, 1.0f)) / 2;
      const Complex core = magnitude[i * bins + k] * phase[i * bins + k];
      const Complex apart = std::sin(angle) * diffuse[k];
      left[i * bins + k] = core * (std::cos(angle) + apart) * std::sqrt(1 + balance);
      right[i * bins + k] = core * (std::cos(angle) - apart) * std::sqrt(1 - balance);
    }
  }
  return {transform.inverse(left), transform.inverse(right)};
}

}  // namespace soundlet
