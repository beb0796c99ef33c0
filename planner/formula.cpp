#include "planner/formula.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kvcore/memory/assert.hpp"
#include "kvcore/plan/options.hpp"
#include "planner/number_text.hpp"

namespace kv {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// ':' belongs to a name, for Bucket::slots.
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == ':';
}

/// Recursive descent over  sum := product {+- product},  product := atom {*/ atom}.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Expression parse() {
    Expression result = sum();
    KV_ASSERT(peek() == '\0');
    return result;
  }

 private:
  /// The next character that is not a space, or '\0' at the end.
  char peek() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) {
      text_.remove_prefix(1);
    }
    return text_.empty() ? '\0' : text_.front();
  }

  char next() {
    const char c = peek();
    KV_ASSERT(c != '\0');
    text_.remove_prefix(1);
    return c;
  }

  std::string word() {
    uint64_t end = 0;
    while (end < text_.size() && is_name(text_[end])) ++end;
    KV_ASSERT(end > 0);
    std::string result(text_.substr(0, end));
    text_.remove_prefix(end);
    return result;
  }

  static Expression binary(char sign, Expression left, Expression right) {
    const auto kind = sign == '+'   ? Expression::Kind::sum
                      : sign == '-' ? Expression::Kind::difference
                      : sign == '*' ? Expression::Kind::product
                                    : Expression::Kind::quotient;
    return {kind, 0, {}, {std::move(left), std::move(right)}};
  }

  Expression sum() {
    Expression left = product();
    while (peek() == '+' || peek() == '-') {
      const char sign = next();
      left = binary(sign, std::move(left), product());
    }
    return left;
  }

  Expression product() {
    Expression left = atom();
    while (peek() == '*' || peek() == '/') {
      const char sign = next();
      left = binary(sign, std::move(left), atom());
    }
    return left;
  }

  Expression atom() {
    const char c = peek();
    if (c == '(') {
      next();
      Expression inner = sum();
      const char close = next();
      KV_ASSERT(close == ')');
      return inner;
    }
    if (is_digit(c)) return {Expression::Kind::number, std::stoull(word()), {}, {}};
    std::string name = word();
    if (peek() != '(') return {Expression::Kind::name, 0, std::move(name), {}};
    return call(std::move(name));
  }

  Expression call(std::string name) {
    Expression result = {Expression::Kind::call, 0, std::move(name), {}};
    char separator = next();
    while (separator != ')') {
      result.arguments.push_back(sum());
      separator = next();
      KV_ASSERT(separator == ',' || separator == ')');
    }
    return result;
  }

  std::string_view text_;
};

/// How tightly an expression holds together: sums least, atoms most.
int strength(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::sum:
    case Expression::Kind::difference:
      return 1;
    case Expression::Kind::product:
      return 2;
    default:
      return 3;  // a quotient is printed as floor(a / b)
  }
}

std::string print_at(const Expression& expression, int strength_needed) {
  std::string text = print(expression);
  return strength(expression) < strength_needed ? fmt::format("({})", text) : text;
}

std::string print_call(const Expression& call) {
  const std::vector<Expression>& arguments = call.arguments;
  if (call.name == "ceil_div") {
    return fmt::format("ceil({} / {})", print_at(arguments[0], 2), print_at(arguments[1], 3));
  }
  if (call.name == "more_than") {
    return fmt::format("(1 if {} > {} else 0)", print(arguments[0]), print(arguments[1]));
  }
  std::string text = call.name + "(";
  for (uint64_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) text += ", ";
    text += print(arguments[i]);
  }
  return text.append(")");
}

Expression number(uint64_t value) { return {Expression::Kind::number, value, {}, {}}; }

Expression add(Expression left, Expression right) {
  return {Expression::Kind::sum, 0, {}, {std::move(left), std::move(right)}};
}

Expression times(uint64_t count, uint64_t unit) {
  return {Expression::Kind::product, 0, {}, {number(count), number(unit)}};
}

const CommandInfo& command_of_largest_request(const RequestLimits& limits) {
  const CommandInfo* largest = &commands.front();
  for (const CommandInfo& command : commands) {
    const uint64_t bytes = request_bytes(command, limits).value();
    if (bytes > request_bytes(*largest, limits).value()) largest = &command;
  }
  return *largest;
}

/// The frame of the largest request, part by part: header, name, keys, values, words.
Expression largest_request_parts(const RequestLimits& limits) {
  const CommandInfo* largest = &command_of_largest_request(limits);
  const uint64_t keys = argument_count(largest->keys, limits).value();
  const uint64_t values = argument_count(largest->values, limits).value();
  Expression sum = add(number(array_header_bytes(1 + keys + values + largest->words).value()),
                       number(bulk_bytes(largest->name.size()).value()));
  if (keys > 0) sum = add(std::move(sum), times(keys, bulk_bytes(limits.key_bytes).value()));
  if (values > 0) sum = add(std::move(sum), times(values, bulk_bytes(limits.value_bytes).value()));
  if (largest->words > 0) {
    sum = add(std::move(sum), times(largest->words, bulk_bytes(word_bytes_max).value()));
  }
  return sum;
}

Expression list_reply_parts(uint64_t value_bytes, uint64_t elements) {
  return add(number(array_header_bytes(elements).value()),
             times(std::max<uint64_t>(1, elements), bulk_bytes(value_bytes).value()));
}

/// Source: chain_blocks() in kvcore/plan/chains.hpp.
Expression chain_blocks_parts(const Expression& bytes, const Expression& block_bytes) {
  using Kind = Expression::Kind;
  const Expression longer = {Kind::call, 0, "max", {bytes, block_bytes}};
  return add(number(1), {Kind::call,
                         0,
                         "ceil_div",
                         {{Kind::difference, 0, {}, {longer, block_bytes}},
                          {Kind::difference, 0, {}, {block_bytes, number(sizeof(BlockLink))}}}});
}

/// The sizes that rows name as sizeof(…).
uint64_t size_of(std::string_view type) {
  struct TypeSize {
    std::string_view name;
    uint64_t bytes;
  };
  constexpr auto sizes = std::to_array<TypeSize>({
      {"BlockLink", sizeof(BlockLink)},
      {"ConnectionRecord", sizeof(ConnectionRecord)},
      {"Slice", sizeof(Slice)},
      {"Bucket", sizeof(Bucket)},
      {"Entry", sizeof(Entry)},
      {"ListNode", sizeof(ListNode)},
      {"Timer", sizeof(Timer)},
      {"WatchedKey", sizeof(WatchedKey)},
      {"KeyWatch", sizeof(KeyWatch)},
      {"ClientWatches", sizeof(ClientWatches)},
      {"BlockedClient", sizeof(BlockedClient)},
      {"TransactionState", sizeof(TransactionState)},
      {"uint32_t", sizeof(uint32_t)},
      {"BufferRingEntry", sizeof(BufferRingEntry)},
  });
  const auto found = std::find_if(sizes.begin(), sizes.end(),
                                  [&](const TypeSize& size) { return size.name == type; });
  KV_ASSERT(found != sizes.end());
  return found->bytes;
}

}  // namespace

Expression parse_expression(std::string_view text) { return Parser(text).parse(); }

std::string print(const Expression& expression) {
  const std::vector<Expression>& arguments = expression.arguments;
  switch (expression.kind) {
    case Expression::Kind::number:
      return grouped(expression.number);
    case Expression::Kind::name:
      return expression.name;
    case Expression::Kind::sum:
      return print(arguments[0]) + " + " + print(arguments[1]);
    case Expression::Kind::difference:
      return print(arguments[0]) + " - " + print_at(arguments[1], 2);
    case Expression::Kind::product:
      return print_at(arguments[0], 2) + " × " + print_at(arguments[1], 2);
    case Expression::Kind::quotient:
      return "floor(" + print_at(arguments[0], 2) + " / " + print_at(arguments[1], 3) + ")";
    case Expression::Kind::call:
      return print_call(expression);
  }
  return {};
}

std::optional<uint64_t> value_of(const Allocation& allocation, std::string_view name) {
  for (const OptionInfo& option : options) {
    if (option.name == name && !option.is_text()) return number(allocation.config, option.id);
  }
  for (const TermInfo& term : terms) {
    if (term.name == name) return allocation.terms.*term.value;
  }
  if (name == "arena_bytes") return allocation.arena_bytes;
  if (name == "Bucket::slots") return Bucket::slots;
  if (name == "Timer::slots") return Timer::slots;
  return std::nullopt;
}

Expression substitute(const Expression& expression, const Allocation& allocation) {
  if (expression.kind == Expression::Kind::name) {
    const std::optional<uint64_t> value = value_of(allocation, expression.name);
    KV_ASSERT(value.has_value());
    return number(*value);
  }
  if (expression.kind == Expression::Kind::call && expression.name == "sizeof") {
    return number(size_of(expression.arguments[0].name));
  }
  Expression result = expression;
  for (Expression& argument : result.arguments) argument = substitute(argument, allocation);
  const std::vector<Expression>& arguments = result.arguments;
  if (result.name == "largest_request") {
    return largest_request_parts({arguments[0].number, arguments[1].number, arguments[2].number});
  }
  if (result.name == "list_reply") {
    return list_reply_parts(arguments[0].number, arguments[1].number);
  }
  if (result.name == "chain_blocks") return chain_blocks_parts(arguments[0], arguments[1]);
  return result;
}

const CommandInfo& largest_request_command(const Allocation& allocation) {
  const Config& config = allocation.config;
  return command_of_largest_request(
      {config.key_size_max, config.val_size_max, allocation.terms.push_elements_max});
}

void collect_names(const Expression& expression, std::vector<std::string>& names) {
  const bool is_size = expression.kind == Expression::Kind::call && expression.name == "sizeof";
  if (is_size) return;
  if (expression.kind == Expression::Kind::name &&
      std::find(names.begin(), names.end(), expression.name) == names.end()) {
    names.push_back(expression.name);
  }
  for (const Expression& argument : expression.arguments) collect_names(argument, names);
}

}  // namespace kv
