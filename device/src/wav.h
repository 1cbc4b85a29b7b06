// WAV files: 32-bit float out, 16-bit, 24-bit or float in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace soundlet {

struct Sound {
  std::vector<std::vector<float>> channels;
  uint32_t sample_rate = 0;
};

// Throws Failure: not a WAV file, cut short, empty, or with values that are no numbers.
Sound read_wav(const std::string& path);

// The file that `path` names, there yet or not: a link stays one, what it points to is replaced.
std::filesystem::path place_of(const std::string& path);

// Throws Failure if no file can be made at `path`: known before the work, not after it.
void require_writable(const std::string& path);

// Whole or not at all: written beside `path`, then renamed; into a device or a pipe. Throws Failure.
void write_wav(const std::string& path, const Sound& sound);

// Likewise, bytes as they are.
void write_file(const std::string& path, const std::vector<char>& bytes);

}  // namespace soundlet
