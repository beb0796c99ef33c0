// Formulas: the expressions of allocation.def as text that people can check.
//
// The text of an expression is parsed into a small tree, which is printed as mathematics
// ("ceil(key_count × 10 / (bucket_slots × 8))"), and again with the numbers of one plan put in
// ("ceil(1,000 × 10 / (12 × 8))"). Both come from the text that is compiled into plan().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvcore/plan/allocation.hpp"

namespace kv {

struct Expression {
  enum class Kind : uint8_t { number, name, sum, difference, product, quotient, call };

  Kind kind = Kind::number;
  uint64_t number = 0;  ///< of a number
  std::string name;     ///< of a name or a call
  std::vector<Expression> arguments;
};

/// Parses identifiers, numbers, + - * /, parentheses and calls. REQUIRES: the text is an
/// expression, as every row of allocation.def is; anything else is an assertion.
Expression parse_expression(std::string_view text);

/// The expression as mathematics: × for *, ceil(a / b), floor(a / b), digits grouped.
std::string print(const Expression& expression);

/// The option, term or size of this name in a plan; nothing for an unknown name.
std::optional<uint64_t> value_of(const Allocation& allocation, std::string_view name);

/// The expression with every name replaced by its number. The sizes of frames and the blocks of
/// chains are spelled out, so that the result has nothing but arithmetic in it.
Expression substitute(const Expression& expression, const Allocation& allocation);

/// The command whose request is the largest; the first of several.
const CommandInfo& largest_request_command(const Allocation& allocation);

/// Adds the names in the expression to `names`, each once, in order of appearance.
void collect_names(const Expression& expression, std::vector<std::string>& names);

}  // namespace kv
