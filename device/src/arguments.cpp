#include "arguments.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "failure.h"
#include "wav.h"

namespace soundlet {

const char* const kUsage =
    "usage: soundlet-runner -m FOLDER -p PROMPT [options]\n"
    "  -m FOLDER   programs made by `soundlet export executorch`\n"
    "  -p PROMPT   what it should sound like\n"
    "  -o FILE     WAV to write, 32-bit float  [default: output.wav]\n"
    "  -l SECONDS  length of the clip  [default: the model's]\n"
    "  -s SEED     0 to 4294967295  [default: 0]\n"
    "  -n STEPS    of the sampler, 1 to 1000  [default: the model's]\n"
    "  -i FILE     WAV to start from, of the model's sample rate\n"
    "  -x LEVEL    how much of it to replace, above 0 and below 1; needs -i\n"
    "  -t THREADS  [default: all cores]\n"
    "  -L FILE     write the latents too, as raw float32\n"
    "  -h          this text\n";

namespace {

std::string plain(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

double number(char flag, const char* text, double low, double high) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !std::isfinite(value) || value < low || value > high) {
    throw Misuse(std::string("-") + flag + " takes a number from " + plain(low) + " to " +
                 plain(high) + ", not '" + text + "'");
  }
  return value;
}

int64_t whole(char flag, const char* text, int64_t low, int64_t high) {
  char* end = nullptr;
  const long long value = std::strtoll(text, &end, 10);
  if (end == text || *end != '\0' || value < low || value > high) {
    throw Misuse(std::string("-") + flag + " takes a whole number from " + std::to_string(low) +
                 " to " + std::to_string(high) + ", not '" + text + "'");
  }
  return value;
}

// The character of `text` at `at`, which moves behind it.
char32_t next_character(const std::string& text, std::size_t& at) {
  const auto byte = [&text](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const char32_t first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  bool is_valid = first < 0x80 || (first >= 0xC2 && first < 0xF5);
  char32_t value = length == 1 ? first : first & (0xFF >> (length + 1));
  for (std::size_t i = at + 1; i < at + length; ++i) {
    is_valid = is_valid && (byte(i) & 0xC0) == 0x80;
    value = value << 6 | (byte(i) & 0x3F);
  }
  const char32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0;
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (!is_valid || value < least || value > 0x10FFFF || is_surrogate) {
    throw Misuse("-p holds bytes that are no text in UTF-8");
  }
  at += length;
  return value;
}

// What Python takes for white space.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_blank(const std::string& text) {
  bool is_so = true;
  for (std::size_t at = 0; at < text.size();) is_so = is_space(next_character(text, at)) && is_so;
  return is_so;
}

}  // namespace

Arguments parse_arguments(int argc, char** argv) {
  Arguments given;
  opterr = 0;
  bool has_level = false;
  for (int flag; (flag = getopt(argc, argv, ":m:p:t:s:l:n:o:i:x:L:h")) != -1;) {
    switch (flag) {
      case 'm': given.models = optarg; break;
      case 'p': given.prompt = optarg; break;
      case 't': given.threads = static_cast<int>(whole('t', optarg, 1, 1024)); break;
      case 's': given.seed = static_cast<uint32_t>(whole('s', optarg, 0, 4294967295)); break;
      case 'l': given.seconds = number('l', optarg, 0, 86400); break;
      case 'n': given.steps = static_cast<int>(whole('n', optarg, 1, 1000)); break;
      case 'o': given.output = optarg; break;
      case 'i': given.input = optarg; break;
      case 'x':
        given.noise_level = number('x', optarg, 0, 1);
        has_level = true;
        break;
      case 'L': given.latents = optarg; break;
      case 'h': given.help = true; return given;
      case ':': throw Misuse(std::string("-") + static_cast<char>(optopt) + " needs a value");
      default: throw Misuse(std::string("no such option: -") + static_cast<char>(optopt));
    }
  }
  if (optind < argc) throw Misuse(std::string("cannot use '") + argv[optind] + "'");
  if (given.models.empty()) throw Misuse("say where the programs are: -m FOLDER");
  if (is_blank(given.prompt)) throw Misuse("say what it should sound like: -p PROMPT");
  if (given.output.empty()) throw Misuse("-o needs the name of a file");
  if (!given.latents.empty() && place_of(given.latents) == place_of(given.output)) {
    throw Misuse("-o and -L name the same file");
  }
  if (given.input.empty() && has_level) throw Misuse("-x needs a sound to start from: -i FILE");
  if (!given.input.empty() && !(given.noise_level > 0 && given.noise_level < 1)) {
    throw Misuse("-i needs -x LEVEL, above 0 and below 1, such as 0.8");
  }
  return given;
}

}  // namespace soundlet
