// Manual pages in roff's man macros, from the flags of a program as CLI11 holds them.
//
//   ManPage page("kvd", "serves keys from memory that it takes at start");
//   page.section("OPTIONS");
//   page.flags(app);
//   page.text();
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}  // namespace CLI

namespace kv {

class ManPage {
 public:
  ManPage(std::string_view name, std::string_view summary);

  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraph(std::string_view text);
  /// Lines that stand as they are.
  void lines(std::string_view text);
  /// A term, and what it is.
  void item(std::string_view term, std::string_view text);
  /// An item for each flag, with a heading for each group. With `only_own`, the flags of
  /// options are left out.
  void flags(const CLI::App& app, bool only_own = false);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// The whole page of a program with one set of flags: description, flags, footer.
std::string man_page(const CLI::App& app);

}  // namespace kv
