// The command line: the flags of Arm's runner, and two more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace soundlet {

struct Arguments {
  std::string models;   // -m: folder of the programs
  std::string prompt;   // -p
  int threads = 0;      // -t; 0: all
  uint32_t seed = 0;    // -s
  std::optional<double> seconds;     // -l
  std::optional<int> steps;          // -n
  std::string output = "output.wav"; // -o
  std::string input;    // -i: sound to start from
  double noise_level = 1;            // -x
  std::string latents;  // -L: file to write the latents to
  bool help = false;    // -h
};

extern const char* const kUsage;

// Throws Misuse.
Arguments parse_arguments(int argc, char** argv);

}  // namespace soundlet
