// Lines from whoever types: with editing, completion and history on a terminal (libedit), as
// they come where standard input is anything else.
//
// History is kept while the prompt runs; it goes to a file only where one is named.
#pragma once

#include <histedit.h>

#include <optional>
#include <string>
#include <string_view>

namespace kv {

class LineReader {
 public:
  /// `history_file` may be empty.
  explicit LineReader(std::string history_file);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  bool interactive() const { return editor_ != nullptr; }

  /// The next line without its end; nothing at the end of the input. An interrupt (Ctrl-C)
  /// gives an empty line.
  std::optional<std::string> read(std::string_view prompt);

  /// What libedit calls back: the text of the prompt, and an interrupt.
  char* prompt() { return prompt_.data(); }
  void cancel() { cancelled_ = true; }

  /// Keeps the line for the arrow keys.
  void remember(const std::string& line);

 private:
  std::optional<std::string> read_terminal();
  std::optional<std::string> read_pipe();

  std::string history_file_;
  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
  std::string prompt_;
  bool cancelled_ = false;
};

}  // namespace kv
