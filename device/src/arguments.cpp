#include "arguments.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "failure.h"

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
  if (given.prompt.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Misuse("say what it should sound like: -p PROMPT");
  }
  if (given.output.empty()) throw Misuse("-o needs the name of a file");
  if (given.input.empty() && has_level) throw Misuse("-x needs a sound to start from: -i FILE");
  if (!given.input.empty() && !(given.noise_level > 0 && given.noise_level < 1)) {
    throw Misuse("-i needs -x LEVEL, above 0 and below 1, such as 0.8");
  }
  return given;
}

}  // namespace soundlet
