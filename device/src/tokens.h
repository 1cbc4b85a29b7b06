// Prompts to token ids, by the rules of T5.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace soundlet {

struct Tokens {
  std::vector<int64_t> ids, mask;  // each `max_length` long
};

// Throws Failure: no tokenizer at `path`, or a prompt of more tokens than `max_length` has room for.
Tokens tokenize(const std::string& path, const std::string& prompt, std::size_t max_length);

}  // namespace soundlet
