#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include <fmt/format.h>

#include "kvcore/load/document.hpp"
#include "kvcore/load/settings.hpp"
#include "kvcore/load/words.hpp"

namespace kv {

namespace {

using words::grouped;

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

void unreadable(const std::string& name, const std::string& why, Diagnostics& out) {
  Place place;
  place.file = name.empty() ? "''" : name;
  out.push_back({Rule::unreadable, Severity::error, place, why, {}});
}

std::string name_of(const std::string& path) { return path == "-" ? "<stdin>" : path; }

/// Reads to the end, or to one byte beyond the limit.
bool read_all(const std::string& path, std::string& text, Diagnostics& out) {
  const std::string name = name_of(path);
  const std::unique_ptr<std::FILE, Close> file(path == "-" ? stdin
                                                           : std::fopen(path.c_str(), "rbe"));
  if (!file) {
    unreadable(name, fmt::format("cannot open: {}", std::strerror(errno)), out);
    return false;
  }
  // The only copies of a password in the file shall be those that are wiped here and below.
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  char chunk[65536];
  std::size_t bytes = sizeof(chunk);
  while (bytes == sizeof(chunk) && text.size() <= file_bytes_max) {
    bytes = std::fread(chunk, 1, sizeof(chunk), file.get());
    text.append(chunk, bytes);
  }
  explicit_bzero(chunk, sizeof(chunk));
  if (std::ferror(file.get()) != 0) {
    unreadable(name, fmt::format("cannot read: {}", std::strerror(errno)), out);
    return false;
  }
  if (text.size() > file_bytes_max) {
    unreadable(name,
               fmt::format("larger than {} bytes, which no config is", grouped(file_bytes_max)),
               out);
    return false;
  }
  return true;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

FileFormat format_of(std::string_view path, std::string_view text) {
  if (ends_with(path, ".toml")) return FileFormat::toml;
  if (ends_with(path, ".json")) return FileFormat::json;
  text = without_bom(text);
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool brace = first != std::string_view::npos && text[first] == '{';
  return brace ? FileFormat::json : FileFormat::toml;
}

bool read_file(const std::string& path, std::string& text, Diagnostics& out) {
  try {
    return read_all(path, text, out);
  } catch (const std::bad_alloc&) {
    unreadable(name_of(path), "not enough memory to read it", out);
    return false;
  }
}

bool load_file(const std::string& path, Settings& settings, Diagnostics& out) {
  try {
    std::string text;
    const bool loaded = read_file(path, text, out) &&
                        load_text(text, format_of(path, text), name_of(path), settings, out);
    explicit_bzero(text.data(), text.size());
    return loaded;
  } catch (const std::bad_alloc&) {
    unreadable(name_of(path), "not enough memory to read it", out);
    return false;
  }
}

bool load_text(std::string_view text, FileFormat format, const std::string& name,
               Settings& settings, Diagnostics& out) {
  const Source source(name, without_bom(text));
  Document document(source, format, settings, out);
  if (format == FileFormat::json) {
    read_json(document);
  } else {
    read_toml(document);
  }
  return document.finish();
}

}  // namespace kv
