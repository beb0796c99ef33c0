#include "server/repl/line_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "kvcore/plan/commands.hpp"
#include "server/commands/text.hpp"

namespace kv {

namespace {

constexpr int history_lines = 1000;

/// What the prompt knows beside the commands.
constexpr std::string_view words_of_the_prompt[] = {"PUT", "COUNT", "STATS", "EXIT", "HELP"};

/// libedit calls functions that know the editor only.
LineReader& reader_of(EditLine* editor) {
  void* reader = nullptr;
  el_get(editor, EL_CLIENTDATA, &reader);
  return *static_cast<LineReader*>(reader);
}

/// Cuts `common` to what it begins with as `word` does, if that begins with what was typed.
void narrow(std::string_view typed, std::string_view word, std::string_view& common) {
  if (!same_word(word.substr(0, typed.size()), typed)) return;
  if (common.empty()) common = word;
  const uint64_t shorter = std::min(common.size(), word.size());
  const auto differ = std::mismatch(common.begin(), common.begin() + shorter, word.begin());
  common = common.substr(0, static_cast<uint64_t>(differ.first - common.begin()));
}

/// What all words that begin with `typed` go on with, in the case of what was typed.
std::string completed(std::string_view typed) {
  std::string_view common;
  for (const std::string_view word : words_of_the_prompt) narrow(typed, word, common);
  for (const CommandInfo& info : commands) narrow(typed, info.name, common);
  std::string text(common.substr(std::min(typed.size(), common.size())));
  if (!typed.empty() && lower_case(typed.back()) == typed.back()) {
    for (char& c : text) c = lower_case(c);
  }
  return text;
}

unsigned char complete(EditLine* editor, int) {
  const LineInfo* line = el_line(editor);
  const std::string_view typed(line->buffer, static_cast<uint64_t>(line->cursor - line->buffer));
  if (typed.empty() || typed.find(' ') != std::string_view::npos) return CC_ERROR;
  const std::string rest = completed(typed);
  if (rest.empty() || el_insertstr(editor, rest.c_str()) != 0) return CC_ERROR;
  return CC_REFRESH;
}

/// Ctrl-C. As a signal it would be lost between the prompt and the read: it is a key instead.
unsigned char cancel_line(EditLine* editor, int) {
  reader_of(editor).cancel();
  return CC_EOF;
}

char* prompt_of(EditLine* editor) { return reader_of(editor).prompt(); }

void change_history(History* history, int operation, const std::string& text) {
  HistEvent event;
  ::history(history, &event, operation, text.c_str());
}

}  // namespace

LineReader::LineReader(std::string history_file) : history_file_(std::move(history_file)) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) return;
  editor_ = el_init("kvd", stdin, stdout, stderr);
  if (editor_ == nullptr) return;
  history_ = history_init();
  HistEvent event;
  history(history_, &event, H_SETSIZE, history_lines);
  history(history_, &event, H_SETUNIQUE, 1);
  if (!history_file_.empty()) change_history(history_, H_LOAD, history_file_);
  el_set(editor_, EL_CLIENTDATA, this);
  el_set(editor_, EL_PROMPT, prompt_of);
  el_set(editor_, EL_EDITOR, "emacs");
  el_set(editor_, EL_SIGNAL, 1);
  el_set(editor_, EL_HIST, history, history_);
  el_set(editor_, EL_ADDFN, "kvd-complete", "Completes a command", complete);
  el_set(editor_, EL_BIND, "^I", "kvd-complete", nullptr);
  el_set(editor_, EL_SETTY, "-d", "-isig", nullptr);
  el_set(editor_, EL_ADDFN, "kvd-cancel", "Drops the line", cancel_line);
  el_set(editor_, EL_BIND, "^C", "kvd-cancel", nullptr);
  el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineReader::~LineReader() {
  if (editor_ == nullptr) return;
  if (!history_file_.empty()) change_history(history_, H_SAVE, history_file_);
  history_end(history_);
  el_end(editor_);
}

std::optional<std::string> LineReader::read(std::string_view prompt) {
  prompt_ = prompt;
  return interactive() ? read_terminal() : read_pipe();
}

std::optional<std::string> LineReader::read_terminal() {
  int bytes = 0;
  cancelled_ = false;
  // libedit would print the prompt first: what is typed before it has the terminal would be
  // edited and echoed by the terminal itself.
  el_set(editor_, EL_PREP_TERM, 1);
  const char* text = el_gets(editor_, &bytes);
  if (text == nullptr || bytes <= 0) {
    if (!cancelled_) return std::nullopt;
    el_reset(editor_);
    std::fputc('\n', stdout);
    return std::string();
  }
  std::string line(text, static_cast<uint64_t>(bytes));
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

std::optional<std::string> LineReader::read_pipe() {
  std::string line;
  int c = std::getc(stdin);
  if (c == EOF) return std::nullopt;
  for (; c != EOF && c != '\n'; c = std::getc(stdin)) line += static_cast<char>(c);
  return line;
}

void LineReader::remember(const std::string& line) {
  if (editor_ != nullptr) change_history(history_, H_ENTER, line);
}

}  // namespace kv
