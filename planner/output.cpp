#include "planner/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "planner/style.hpp"

namespace kv {

namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool write_all(std::FILE* file, std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fflush(file) == 0 && written;
}

}  // namespace

bool use_color(ColorMode mode, int file_descriptor) {
  if (mode != ColorMode::automatic) return mode == ColorMode::always;
  if (is_set("NO_COLOR")) return false;
  const char* terminal = std::getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return isatty(file_descriptor) == 1;
}

std::string write_report(std::string_view report, const std::string& path) {
  if (path.empty() || path == "-") {
    if (write_all(stdout, report)) return {};
    return fmt::format("cannot write to standard output: {}", std::strerror(errno));
  }
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return fmt::format("cannot write '{}': {}", path, std::strerror(errno));
  const bool written = write_all(file, report);
  const int reason = errno;
  const bool closed = std::fclose(file) == 0;
  if (written && closed) return {};
  return fmt::format("cannot write '{}': {}", path, std::strerror(written ? errno : reason));
}

void print_diagnostics(const Diagnostics& diagnostics, ColorMode mode) {
  const bool color = use_color(mode, STDERR_FILENO);
  for (const Diagnostic& diagnostic : diagnostics) {
    const std::string text = render(diagnostic, color);
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
}

void print_error(std::string_view message, std::string_view hint, ColorMode mode) {
  const bool color = use_color(mode, STDERR_FILENO);
  std::string text = fmt::format("kvplan: {} {}\n", styled("error:", Style::bold, color), message);
  if (!hint.empty()) text += fmt::format("  {}\n", hint);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace kv
