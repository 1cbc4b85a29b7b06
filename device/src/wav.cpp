#include "wav.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>

#include "failure.h"

namespace soundlet {

namespace fs = std::filesystem;

namespace {

constexpr int kMostLinks = 40;  // that a path may lead through, as in Linux
constexpr uint16_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

template <typename T>
T value_at(const std::vector<char>& bytes, std::size_t at) {
  T value;
  if (at > bytes.size() || bytes.size() - at < sizeof value) throw Failure("it is cut short");
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

float sample_at(const std::vector<char>& bytes, std::size_t at, uint16_t format, uint16_t bits) {
  if (format == kFloat) return value_at<float>(bytes, at);
  if (bits == 16) return static_cast<float>(value_at<int16_t>(bytes, at)) / 32768.0f;
  const uint32_t low = value_at<uint8_t>(bytes, at), middle = value_at<uint8_t>(bytes, at + 1);
  const int32_t high = value_at<int8_t>(bytes, at + 2);
  return static_cast<float>(high * 65536 + static_cast<int32_t>(middle << 8 | low)) / 8388608.0f;
}

Sound parsed(const std::vector<char>& bytes) {
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "RIFF", 4) != 0 ||
      std::memcmp(bytes.data() + 8, "WAVE", 4) != 0) {
    throw Failure("it is no WAV file");
  }
  uint16_t format = 0, n_channels = 0, bits = 0;
  Sound sound;
  for (std::size_t at = 12; bytes.size() - at >= 8;) {
    const std::size_t size = value_at<uint32_t>(bytes, at + 4), body = at + 8;
    if (std::memcmp(bytes.data() + at, "fmt ", 4) == 0) {
      format = value_at<uint16_t>(bytes, body);
      n_channels = value_at<uint16_t>(bytes, body + 2);
      sound.sample_rate = value_at<uint32_t>(bytes, body + 4);
      bits = value_at<uint16_t>(bytes, body + 14);
      if (format == kExtensible) format = value_at<uint16_t>(bytes, body + 24);
    } else if (std::memcmp(bytes.data() + at, "data", 4) == 0) {
      const bool is_known = (format == kPcm && (bits == 16 || bits == 24)) ||
                            (format == kFloat && bits == 32);
      if (!is_known) throw Failure("its samples are not of 16 or 24 bits, nor 32-bit float");
      if (n_channels < 1 || n_channels > 64) throw Failure("it has no channels, or too many");
      if (size > bytes.size() - body) throw Failure("it is cut short");
      const std::size_t width = bits / 8, length = size / width / n_channels;
      if (length == 0) throw Failure("it holds no sound");
      sound.channels.assign(n_channels, std::vector<float>(length));
      for (std::size_t i = 0; i < length; ++i) {
        for (std::size_t c = 0; c < n_channels; ++c) {
          const float value = sample_at(bytes, body + (i * n_channels + c) * width, format, bits);
          if (!std::isfinite(value)) throw Failure("it holds values that are not finite numbers");
          sound.channels[c][i] = value;
        }
      }
      return sound;
    }
    const std::size_t step = 8 + size + size % 2;
    if (step > bytes.size() - at) break;
    at += step;
  }
  throw Failure("it holds no sound");
}

template <typename T>
void append(std::vector<char>& bytes, T value) {
  const char* raw = reinterpret_cast<const char*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof value);
}

void append(std::vector<char>& bytes, const char* text) {
  bytes.insert(bytes.end(), text, text + 4);
}

// A device or a pipe is written to, not replaced.
bool is_device(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error) && !fs::is_regular_file(path, error);
}

// A hidden file beside `place`, of a name that no other run has.
fs::path neighbour_of(const fs::path& place) {
  const std::string name = ".soundlet-" + std::to_string(std::random_device()()) + ".part";
  return place.parent_path() / name;
}

Failure not_written(const std::string& path) {
  const std::string why = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
  return Failure(path + " cannot be written" + why);
}

}  // namespace

fs::path place_of(const std::string& path) {
  std::error_code error;
  fs::path place = fs::absolute(path, error);
  for (int i = 0; i < kMostLinks && fs::is_symlink(place, error); ++i) {
    place = place.parent_path() / fs::read_symlink(place, error);
  }
  const fs::path folder = fs::canonical(place.parent_path(), error);
  return error ? place : folder / place.filename();
}

Sound read_wav(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw Failure(path + ": no such file");
  const auto size = fs::file_size(path, error);
  if (error || size > kMostBytes) throw Failure(path + " cannot be read: it is too large");
  std::vector<char> bytes(size);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size))) {
    throw Failure(path + " cannot be read");
  }
  try {
    return parsed(bytes);
  } catch (const Failure& e) {
    throw Failure(path + " cannot be read: " + e.what());
  }
}

void require_writable(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) throw Failure(path + " is a folder");
  errno = 0;
  if (is_device(path)) {
    if (access(path.c_str(), W_OK) != 0) throw not_written(path);
    return;
  }
  const fs::path staging = neighbour_of(place_of(path));
  const bool is_writable = std::ofstream(staging, std::ios::binary).good();
  if (!is_writable) throw not_written(path);
  fs::remove(staging, error);
}

void write_file(const std::string& path, const std::vector<char>& bytes) {
  const bool is_replaced = !is_device(path);
  const fs::path place = is_replaced ? place_of(path) : fs::path(path);
  const fs::path target = is_replaced ? neighbour_of(place) : place;
  errno = 0;
  std::ofstream file(target, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file && (target == place || std::rename(target.c_str(), place.c_str()) == 0)) return;
  const Failure failure = not_written(path);
  std::error_code ignored;
  if (target != place) fs::remove(target, ignored);
  throw failure;
}

void write_wav(const std::string& path, const Sound& sound) {
  const uint16_t n_channels = static_cast<uint16_t>(sound.channels.size());
  const uint32_t length = static_cast<uint32_t>(sound.channels[0].size());
  const uint32_t n_bytes = length * n_channels * 4;
  std::vector<char> bytes;
  bytes.reserve(58 + n_bytes);
  append(bytes, "RIFF");
  append(bytes, static_cast<uint32_t>(50 + n_bytes));
  append(bytes, "WAVE");
  append(bytes, "fmt ");
  append(bytes, uint32_t{18});
  append(bytes, kFloat);
  append(bytes, n_channels);
  append(bytes, sound.sample_rate);
  append(bytes, sound.sample_rate * n_channels * 4);
  append(bytes, static_cast<uint16_t>(n_channels * 4));
  append(bytes, uint16_t{32});
  append(bytes, uint16_t{0});
  append(bytes, "fact");
  append(bytes, uint32_t{4});
  append(bytes, length);
  append(bytes, "data");
  append(bytes, n_bytes);
  for (uint32_t i = 0; i < length; ++i) {
    for (const auto& channel : sound.channels) append(bytes, channel[i]);
  }
  write_file(path, bytes);
}

}  // namespace soundlet
