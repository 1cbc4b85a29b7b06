#include "tokens.h"

#include <sentencepiece_processor.h>

#include <filesystem>
#include <utility>

#include "failure.h"

namespace soundlet {

namespace {

// With the signs of music as captions write them: T5's pieces have none for them.
std::string with_plain_accidentals(std::string prompt) {
  const std::pair<std::string, std::string> signs[] = {{"\u266f", "#"}, {"\u266d", "b"}};
  for (const auto& [sign, plain] : signs) {
    for (auto at = prompt.find(sign); at != std::string::npos; at = prompt.find(sign, at)) {
      prompt.replace(at, sign.size(), plain);
    }
  }
  return prompt;
}

}  // namespace

Tokens tokenize(const std::string& path, const std::string& prompt, std::size_t max_length) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw Failure(path + ": no such file");
  sentencepiece::SentencePieceProcessor pieces;
  if (const auto status = pieces.Load(path); !status.ok()) {
    throw Failure(path + ": not a SentencePiece model");
  }
  const int end = pieces.eos_id(), padding = pieces.pad_id();
  if (end < 0 || padding < 0) {
    throw Failure(path + ": not a T5 tokenizer (it has no end mark or no padding)");
  }
  std::vector<int> found;
  if (!pieces.Encode(with_plain_accidentals(prompt), &found).ok()) {
    throw Failure("the prompt cannot be read as UTF-8 text");
  }
  if (found.size() + 1 > max_length) {
    throw Failure("the prompt is " + std::to_string(found.size()) +
                  " tokens long; this model reads " + std::to_string(max_length - 1) +
                  ": shorten it");
  }
  Tokens tokens{std::vector<int64_t>(max_length, padding), std::vector<int64_t>(max_length, 0)};
  found.push_back(end);
  for (std::size_t i = 0; i < found.size(); ++i) {
    tokens.ids[i] = found[i];
    tokens.mask[i] = 1;
  }
  return tokens;
}

}  // namespace soundlet
