// What the user can mend: said in one line, with exit code 1.
#pragma once

#include <stdexcept>
#include <string>

namespace soundlet {

class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message) : std::runtime_error(message) {}
};

// The command line cannot be read: exit code 2.
class Misuse : public Failure {
 public:
  using Failure::Failure;
};

}  // namespace soundlet
